//! PE: the tables of imports and of delayed imports (Microsoft's "PE Format").

use object::pe::{IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, IMAGE_DIRECTORY_ENTRY_EXPORT, IMAGE_FILE_DLL};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader as _, PeFile};
use object::LittleEndian as LE;

use crate::binary::{text, zero_ended, Binary, Format, Kind, Machine, Need, Unreadable, When};

pub(crate) fn read<Pe: ImageNtHeaders>(bytes: &[u8]) -> Result<Binary, Unreadable> {
    parse::<Pe>(bytes).map_err(|error| Unreadable::damaged(Format::Pe, error)).and_then(|read| read)
}

fn parse<Pe: ImageNtHeaders>(bytes: &[u8]) -> object::Result<Result<Binary, Unreadable>> {
    let file = PeFile::<Pe>::parse(bytes)?;
    let header = file.nt_headers().file_header();
    let is_library = header.characteristics.get(LE).0 & IMAGE_FILE_DLL.0 != 0;
    let mut needs = Vec::new();
    if let Some(table) = file.import_table()? {
        let mut all = table.descriptors()?;
        while let Some(one) = all.next()? {
            needs.push(Need { name: text(table.name(one.name.get(LE))?), when: When::AtStart });
        }
    }
    match delayed(&file)? {
        Some(delayed) => needs.extend(delayed),
        None => return Ok(Err(Unreadable::damaged(Format::Pe, "a delayed import has no name"))),
    }
    let kind = if is_library { Kind::Library } else { Kind::Program };
    let binary = Binary::new(Format::Pe, machine(header.machine.get(LE).0), kind);
    Ok(Ok(Binary { name: own_name(&file)?, needs, ..binary }))
}

/// The delayed imports. Their names may be in another section than the table, so each is looked up by its own address.
/// `None` if one has none.
fn delayed<Pe: ImageNtHeaders>(file: &PeFile<'_, Pe>) -> object::Result<Option<Vec<Need>>> {
    let is_there = file
        .data_directory(IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT)
        .is_some_and(|directory| directory.virtual_address.get(LE) != 0);
    let Some(table) = is_there.then(|| file.delay_load_import_table()).transpose()?.flatten() else {
        return Ok(Some(Vec::new()));
    };
    let mut needs = Vec::new();
    let mut all = table.descriptors()?;
    while let Some(one) = all.next()? {
        // Without the lowest attribute, as old linkers write it, addresses are absolute.
        let base = match one.attributes.get(LE) & 1 {
            0 => u32::try_from(file.nt_headers().optional_header().image_base()).unwrap_or_default(),
            _ => 0,
        };
        let address = one.dll_name_rva.get(LE).wrapping_sub(base);
        let name = file.section_table().pe_data_at(file.data(), address).and_then(zero_ended);
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
        needs.push(Need { name: text(name), when: When::OnFirstCall });
    }
    Ok(Some(needs))
}

fn own_name<Pe: ImageNtHeaders>(file: &PeFile<'_, Pe>) -> object::Result<Option<String>> {
    let is_there = file
        .data_directory(IMAGE_DIRECTORY_ENTRY_EXPORT)
        .is_some_and(|directory| directory.virtual_address.get(LE) != 0);
    let Some(table) = is_there.then(|| file.export_table()).transpose()?.flatten() else { return Ok(None) };
    let address = table.directory().name.get(LE);
    let name = file.section_table().pe_data_at(file.data(), address).and_then(zero_ended);
    Ok(name.map(text))
}

/// The numbers are those of "Machine Types".
fn machine(number: u16) -> Machine {
    Machine(match number {
        0x8664 => "x86_64".to_owned(),
        0x14c => "x86".to_owned(),
        0xaa64 => "aarch64".to_owned(),
        0x1c0 | 0x1c4 => "arm".to_owned(),
        other => format!("PE machine {other:#x}"),
    })
}
