//! Reports, names and growth, with synthetic numbers.

use super::*;

const PLACES: Places<'_> = Places {
    temporary: "/w/target/run/1/tmp",
    run: "/w/target/run/1",
    root: "/w",
    process: "it-0123456789abcdef",
    test: "pool::threads_share_a_pool",
};

/// A report of calls, each adding these blocks and bytes, with 50 blocks allocated per call.
fn called(steps: &[(i64, i64)]) -> Held {
    let (mut blocks, mut bytes) = (100, 9000);
    let look = |(n, step): (usize, &(i64, i64))| {
        blocks += step.0;
        bytes += step.1;
        Look { call: n as u32 + 1, blocks, bytes, made: 50 * (n as i64 + 1), ..Look::default() }
    };
    Held { looks: steps.iter().enumerate().map(look).collect(), complete: true }
}

const HARNESS: Baseline = Baseline { blocks: 1, bytes: 40 };

fn steps(n: usize, step: (i64, i64)) -> Vec<(i64, i64)> {
    vec![step; n]
}

#[test]
fn a_report_is_read_with_its_escapes() {
    let text = "begin 2\nlook 1 -3 400 12\nfd /tmp/a%20b%25\nthread %\nchild running sleep sleep%2060\nchild ended sh %\nend\n";
    let held = parse(text).unwrap();
    assert!(held.complete);
    let [look] = held.looks.as_slice() else { panic!("{held:?}") };
    assert_eq!((look.call, look.blocks, look.bytes, look.made), (1, -3, 400, 12));
    assert_eq!(look.descriptors, ["/tmp/a b%"]);
    assert_eq!(look.threads, [""]);
    assert_eq!(look.children[0].command, "sleep 60");
    assert_eq!(look.children[1].state, ChildState::Ended);
}

#[test]
fn a_report_cut_anywhere_is_never_complete() {
    let text = "begin 2\nlook 1 3 400 12\nfd /tmp/a%20b\nthread x\nlook 2 3 400 12\nend\n";
    for end in 0..text.len() {
        if let Ok(held) = parse(&text[..end]) {
            assert!(!held.complete, "{:?}", &text[..end]);
        }
    }
    assert!(parse(text).unwrap().complete);
}

#[test]
fn what_is_no_report_is_refused() {
    assert_eq!(parse(""), Err(None));
    for text in ["begin 9\n", "hello\n", "begin 2\nfd /x\n", "begin 2\nend\nmore 1\n", "begin 2\nlook 1 2\n"] {
        assert!(matches!(parse(text), Err(Some(_))), "{text:?}");
    }
    assert!(parse("begin 2\nlook 1 1 1 1\nfd %G1\n").is_err());
    assert!(parse("begin 2\nlook 1 1 1 1\nchild lost a b\n").is_err());
}

#[test]
fn the_harness_s_own_growth_is_no_growth() {
    let mut plain = vec![(4, 700), (2, 80)];
    plain.extend(steps(10, (1, 40)));
    assert_eq!(Baseline::of(&called(&plain)), Ok(HARNESS));
    assert_eq!(growth(&called(&plain), HARNESS), Growth::None);
    // One block was larger than needed.
    plain[9].1 += 16;
    assert_eq!(Baseline::of(&called(&plain)), Ok(HARNESS));
    assert_eq!(growth(&called(&plain), HARNESS), Growth::None);
}

#[test]
fn an_executable_with_an_allocator_of_its_own_cannot_be_judged() {
    let mut held = called(&steps(12, (0, 0)));
    // The snapshot itself allocates some.
    held.looks.iter_mut().for_each(|look| look.made = 600 + 6 * i64::from(look.call));
    assert!(Baseline::of(&held).unwrap_err().to_string().contains("allocator"));
}

#[test]
fn a_block_a_call_is_growth_however_small() {
    let mut leaky = vec![(9, 900)];
    leaky.extend(steps(11, (2, 64)));
    assert_eq!(growth(&called(&leaky), HARNESS), Growth::Grows { blocks: 1, bytes: 24, calls: 12, threads: false });
    // With noise of a cache that comes and goes.
    leaky[5].0 += 1;
    leaky[6].0 -= 1;
    assert_eq!(growth(&called(&leaky), HARNESS), Growth::Grows { blocks: 1, bytes: 24, calls: 12, threads: false });
}

#[test]
fn a_buffer_that_doubles_is_growth() {
    let double = |at: &[usize], first: i64| {
        let mut steps = steps(12, (1, 40));
        let mut size = first;
        for at in at {
            steps[*at].1 += size;
            size *= 2;
        }
        growth(&called(&steps), HARNESS)
    };
    // A Vec<u64> that grows by one element per call: capacity 4, 8, 16 at calls 1, 5, 9.
    assert!(matches!(double(&[0, 4, 8], 32), Growth::Grows { blocks: 0, .. }));
    // The same, but it stops growing at call 5.
    assert_eq!(double(&[0, 4], 32), Growth::None);
}

#[test]
fn what_warms_up_or_comes_and_goes_is_no_growth() {
    // A cache filled by the first three calls.
    let mut warm = steps(12, (1, 40));
    warm[1].0 += 40;
    warm[2].0 += 12;
    assert_eq!(growth(&called(&warm), HARNESS), Growth::None);
    // A late one-time allocation.
    let mut late = steps(12, (1, 40));
    late[8] = (3, 2136);
    assert_eq!(growth(&called(&late), HARNESS), Growth::None);
    // A value of random size, kept from call to call.
    let sizes = [16, 480, 32, 64, 240, 96, 16, 320, 48, 400, 64, 416];
    let mut last = 0;
    let random: Vec<(i64, i64)> = sizes.map(|size| (1, 40 + size - std::mem::replace(&mut last, size))).to_vec();
    assert_eq!(growth(&called(&random), HARNESS), Growth::None);
    // A thread that sometimes ends one call late.
    let ends = [1, 1, 2, 0, 1, 2, 0, 1, 1, 2, 0, 2];
    assert_eq!(growth(&called(&ends.map(|n| (n, 40 * n))), HARNESS), Growth::None);
}

/// Snapshots with these numbers of threads, whose memory is included, plus the growth per call.
fn with_threads(threads: &[usize], step: (i64, i64)) -> Held {
    let mut held = called(&steps(threads.len(), (step.0 + HARNESS.blocks, step.1 + HARNESS.bytes)));
    for (look, threads) in held.looks.iter_mut().zip(threads) {
        look.threads = vec!["it-0123456789ab".to_owned(); *threads];
        look.blocks += 11 * *threads as i64;
        look.bytes += 880 * *threads as i64;
    }
    held
}

#[test]
fn threads_that_end_late_are_no_growth() {
    // Recorded: a pool of three threads was dropped while one of them was waiting 400 ms to retry a connection.
    let blocks = [0, 0, 0, 0, 32, 32, 32, 65, 67, 67, 67, 67];
    let bytes = [0, 0, 0, 0, 2632, 2632, 2632, 5264, 9408, 9408, 9408, 9408];
    let threads = [0, 0, 0, 0, 3, 3, 3, 6, 6, 6, 6, 6];
    let mut held = called(&steps(12, (HARNESS.blocks, HARNESS.bytes)));
    for (n, look) in held.looks.iter_mut().enumerate() {
        look.blocks += blocks[n];
        look.bytes += bytes[n];
    }
    assert!(matches!(growth(&held, HARNESS), Growth::Grows { threads: false, .. }));
    for (look, threads) in held.looks.iter_mut().zip(threads) {
        look.threads = vec!["it-0123456789ab".to_owned(); threads];
    }
    assert_eq!(growth(&held, HARNESS), Growth::None);
    // All threads are gone at the end, as after a long wait.
    assert_eq!(growth(&with_threads(&[0, 0, 3, 3, 3, 3, 6, 6, 6, 9, 9, 0], (0, 0)), HARNESS), Growth::None);
    // A thread that exists now and then, and at the end.
    assert_eq!(growth(&with_threads(&[0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1], (0, 0)), HARNESS), Growth::None);
}

#[test]
fn threads_that_end_late_hide_no_growth() {
    let leak = Growth::Grows { blocks: 1, bytes: 24, calls: 12, threads: false };
    for threads in [[0; 12], [5; 12], [0, 0, 3, 0, 0, 6, 3, 0, 0, 3, 0, 3], [3, 3, 3, 0, 3, 3, 0, 0, 3, 3, 3, 0]] {
        assert_eq!(growth(&with_threads(&threads, (1, 24)), HARNESS), leak, "{threads:?}");
    }
    // Each call leaves a thread.
    let stay = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    let theirs = Growth::Grows { blocks: 11, bytes: 880, calls: 12, threads: true };
    assert_eq!(growth(&with_threads(&stay, (0, 0)), HARNESS), theirs);
}

#[test]
fn growth_that_more_calls_spread_thin_is_not_sure() {
    let grows = |blocks, bytes| Growth::Grows { blocks, bytes, calls: 12, threads: false };
    // A leak of one small block, next to a cache filled in the first calls.
    assert!(grows(1, 277).goes_on_in(&grows(1, 40)));
    assert!(grows(0, 10).goes_on_in(&grows(0, 9)));
    assert!(grows(2, 300).goes_on_in(&grows(8, 3000)));
    // The same total over four times as many calls.
    assert!(!grows(8, 1051).goes_on_in(&grows(2, 263)));
    assert!(!grows(0, 400).goes_on_in(&grows(0, 100)));
    assert!(!grows(1, 24).goes_on_in(&Growth::None));
}

#[test]
fn calls_that_do_not_end_well_are_not_judged() {
    let mut held = called(&steps(5, (9, 900)));
    held.complete = false;
    let Growth::Unknown(why) = growth(&held, HARNESS) else { panic!() };
    assert_eq!(why, "its call 6 in one process did not end well");
    assert!(matches!(growth(&called(&steps(3, (9, 900))), HARNESS), Growth::Unknown(_)));
    assert!(matches!(growth(&Held::default(), HARNESS), Growth::Unknown(_)));
}

#[test]
fn what_is_left_behind_is_named_without_what_is_random() {
    let look = Look {
        descriptors: vec![
            "socket:[4711]".to_owned(),
            "socket:[4712]".to_owned(),
            "/w/target/run/1/tmp/.tmpAb3dEf/main.db (deleted)".to_owned(),
            "/dev/null".to_owned(),
        ],
        threads: ["worker-1", "worker-2", "it-0123456789ab", "pool::threads_s"].map(str::to_owned).to_vec(),
        children: vec![
            Child { state: ChildState::Running, name: "sleep".to_owned(), command: "sleep 60".to_owned() },
            Child { state: ChildState::Ended, name: "sh".to_owned(), command: String::new() },
        ],
        ..Look::default()
    };
    let files = [LeftFile { name: ".tmpXXabQ1".to_owned(), folder: true, below: 2, bytes: 5 }];
    let (findings, notes) = leftovers(&look, &files, None, &PLACES);
    let said: Vec<(u64, &str)> = findings.iter().map(|finding| (finding.blocks, finding.what.as_str())).collect();
    assert_eq!(
        said,
        [
            (3, "leaves a folder in TMPDIR: .tmp*/"),
            (1, "leaves a descriptor open: /dev/null"),
            (1, "leaves a descriptor open: TMPDIR/.tmp*/main.db"),
            (2, "leaves a descriptor open: a socket"),
            (2, "leaves a thread without a name running"),
            (2, "leaves the thread `worker-*` running"),
            (1, "leaves a child process running: `sleep`"),
            (1, "never waits for a child process that ended: `sh`"),
        ]
    );
    assert!(notes.is_empty());
    assert_eq!(findings[6].related[0].what, "its command: sleep 60");
}

#[test]
fn what_a_static_keeps_is_no_leak() {
    let look = |call: u32, n: usize| Look {
        call,
        descriptors: vec!["socket:[1]".to_owned(); n],
        threads: vec!["pool".to_owned(); n],
        children: vec![Child { state: ChildState::Running, name: "cat".to_owned(), command: String::new() }; n],
        ..Look::default()
    };
    let kept = Held { looks: vec![look(1, 1), look(12, 1)], complete: true };
    let (findings, notes) = leftovers(&look(1, 1), &[], Some(&kept), &PLACES);
    // A process outlives its parent.
    assert_eq!(findings.iter().map(|f| f.kind).collect::<Vec<_>>(), [FindingKind::LeftoverProcess]);
    assert_eq!(
        notes,
        [
            "keeps a descriptor of a socket open, the same in each call: no leak",
            "keeps the thread `pool`, the same in each call: no leak"
        ]
    );
    let late = Held { looks: vec![look(1, 0), look(12, 0)], complete: true };
    let (findings, notes) = leftovers(&look(1, 1), &[], Some(&late), &PLACES);
    assert_eq!((findings.len(), notes.len()), (1, 2));
    assert!(notes[1].ends_with("but not in each call: it ends late, or there is a race"), "{notes:?}");
    let more = Held { looks: vec![look(1, 1), look(12, 12)], complete: true };
    assert_eq!(leftovers(&look(1, 1), &[], Some(&more), &PLACES).0.len(), 3);
    // Aborted calls prove nothing.
    let broken = Held { complete: false, ..kept };
    assert_eq!(leftovers(&look(1, 1), &[], Some(&broken), &PLACES).0.len(), 3);
}

#[test]
fn names_lose_what_is_random_and_keep_what_is_not() {
    for (name, said) in [
        (".tmpk3Jd9a", ".tmp*"),
        (".tmpabcdef/x.db", ".tmp*/x.db"),
        ("things-8f2c11d0aa.db", "things-*.db"),
        ("things-qWerTy", "things-*"),
        ("main.sqlite-wal", "main.sqlite-wal"),
        ("README", "README"),
        ("Readme", "Readme"),
        ("sqlite3", "sqlite3"),
        ("MyOwnCamelCase", "MyOwnCamelCase"),
        ("r2d2-worker-0", "r2d2-worker-*"),
        ("1234", "*"),
        ("pid.1234", "pid.*"),
        ("", ""),
        ("ünïcode-…", "ünïcode-…"),
    ] {
        assert_eq!(stable(name), said, "{name}");
    }
}
