//! Files that are cut off or overwritten: a typed error, never a panic, never without end.

use crate::support::fixture::given;
use crate::support::{healthy, today, Case};
use std::fs;
use std::time::{Duration, Instant};
use things_store::{Error, ErrorKind, Kind, Query, Store};

/// Reads all there is; the first error, if any.
fn read_everything(store: &Store) -> Result<usize, Error> {
    let today = today();
    let lists = [
        store.inbox()?,
        store.today(today)?,
        store.upcoming(today)?,
        store.anytime()?,
        store.someday()?,
        store.logbook()?,
        store.trash()?,
        store.deadlines(None)?,
        store.tasks(&Query::all().kind(Kind::Heading))?,
    ];
    let mut found = lists.iter().map(Vec::len).sum::<usize>() + store.areas()?.len();
    for tag in store.tags()? {
        found += store.by_tag(&tag.id)?.len();
    }
    for task in lists.iter().flatten().filter(|task| task.checklist_items > 0) {
        found += store.checklist(&task.id)?.len();
    }
    Ok(found)
}

/// What may come of a damaged file. A lock or a missing file would be a mistake of the test.
fn is_about_damage(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotADatabase
            | ErrorKind::Truncated
            | ErrorKind::Corrupt
            | ErrorKind::MissingTable
            | ErrorKind::MissingColumn
            | ErrorKind::UnknownVintage
            | ErrorKind::UnreadableVintage
            | ErrorKind::BadValue
            | ErrorKind::CannotOpen
            | ErrorKind::Sqlite
    )
}

/// The bytes of a case without a log.
fn settled(case: &Case) -> Vec<u8> {
    case.settle();
    case.bytes().0
}

#[test]
fn a_cut_off_file_is_truncated_wherever_the_cut_is() {
    healthy(|case| {
        let whole = settled(case);
        for length in [16, 99, 100, 511, 512, 4095, 4096, 8192, 12_288, whole.len() / 2, whole.len() - 1] {
            fs::write(case.path(), &whole[..length]).unwrap();
            match case.open_error() {
                Error::Truncated { expected, found, .. } => {
                    let promised = if length < 100 { 100 } else { whole.len() };
                    assert_eq!((expected, found), (promised as u64, length as u64), "{}", case.name);
                }
                other => panic!("{}: {length} bytes: {other}", case.name),
            }
        }
    });
}

#[test]
fn a_root_page_of_nonsense_is_corrupt_on_opening() {
    healthy(|case| {
        let whole = settled(case);
        for table in ["TMTask", "TMArea", "TMTag", "TMChecklistItem", "Meta"] {
            let page = root_page(case, table);
            let mut damaged = whole.clone();
            damaged[page * 4096..(page + 1) * 4096].fill(0xff);
            fs::write(case.path(), &damaged).unwrap();
            let error = case.open_error();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{}: {table}: {error}", case.name);
            fs::write(case.path(), &whole).unwrap();
        }
    });
}

#[test]
fn a_header_of_nonsense_is_corrupt() {
    healthy(|case| {
        let mut damaged = settled(case);
        // A page size that no database has.
        damaged[16..18].copy_from_slice(&[0x0f, 0xff]);
        fs::write(case.path(), &damaged).unwrap();
        assert_eq!(case.open_error().kind(), ErrorKind::Corrupt, "{}", case.name);
    });
}

#[test]
fn damage_that_opening_does_not_see_is_found_by_verify() {
    healthy(|case| {
        let mut damaged = settled(case);
        // An index: no list is read from it, and its page is no root of a table.
        let page = root_page(case, "index_TMTask_stopDate");
        damaged[page * 4096..page * 4096 + 100].fill(0xee);
        fs::write(case.path(), &damaged).unwrap();
        let store = case.open();
        let error = store.verify().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{}: {error}", case.name);
        drop(store);
        assert!(case.bytes().0 == damaged, "{}: looking for damage changed the file", case.name);
    });
}

#[test]
fn damage_met_while_reading_is_corrupt() {
    healthy(|case| {
        // Enough rows that the root page of the table holds no rows itself.
        let ids: Vec<String> = (0..200).map(|n| format!("('row {n}', '{}')", "long ".repeat(40))).collect();
        case.execute(&format!("INSERT INTO \"TMTask\" (\"uuid\", \"notes\") VALUES {}", ids.join(", ")));
        let mut damaged = settled(case);
        let page = root_page(case, "TMTask") * 4096;
        let be = |bytes: &[u8], at: usize| usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1]);
        assert_eq!(damaged[page], 0x05, "{}: an inner page", case.name);
        // The second child: opening looks into the first. Cells are child (4 bytes), key.
        let cell = page + be(&damaged, page + 14);
        let leaf = be(&damaged, cell + 2) - 1;
        damaged[leaf * 4096..(leaf + 1) * 4096].fill(0xff);
        fs::write(case.path(), &damaged).unwrap();
        let error = read_everything(&case.open()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{}: {error}", case.name);
    });
}

#[test]
fn bytes_flipped_anywhere_never_panic_or_hang() {
    healthy(|case| {
        let whole = settled(case);
        let start = Instant::now();
        // One given fixture is tested again and again; the repository's are tested all together and once.
        let places = match (whole.len() > 1 << 20, given().is_some()) {
            (true, _) => 4,
            (false, true) => 8,
            (false, false) => 24,
        };
        for place in 0..places {
            // The header, then steps of a prime through the file, so that pages are hit at various places.
            let at = if place < 4 { 16 + place * 13 } else { place * 6_151 % whole.len() };
            let mut damaged = whole.clone();
            let until = (at + 1 + place % 4).min(damaged.len());
            for byte in &mut damaged[at..until] {
                *byte ^= 0xff >> (place % 3);
            }
            fs::write(case.path(), &damaged).unwrap();
            let result = Store::open(case.path()).and_then(|store| read_everything(&store));
            if let Err(error) = result {
                assert!(is_about_damage(&error), "{}: byte {at}: {error:?}", case.name);
            }
            // Flipped header bytes can mean WAL mode; what that left must not spoil the next round.
            for suffix in ["-wal", "-shm"] {
                let _ = fs::remove_file(case.temp.join(&format!("things.sqlite{suffix}")));
            }
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{}: {:?}", case.name, start.elapsed());
    });
}

/// Number of the root page, from 0, of a table or index.
fn root_page(case: &Case, name: &str) -> usize {
    case.integer(&format!("SELECT rootpage FROM sqlite_master WHERE name = '{name}'")) as usize - 1
}
