//! What a pool refuses before it looks at any file.

use super::*;

#[track_caller]
fn refused(options: PoolOptions, named: &str) {
    // There is no such file, which nobody gets to see.
    match Pool::with("no/such/main.sqlite", options).unwrap_err() {
        Error::InvalidOption { option, .. } => assert_eq!(option, named),
        other => panic!("{other}"),
    }
}

#[test]
fn each_bad_value_is_an_error_that_names_its_option() {
    let good = PoolOptions::default;
    good().validate().unwrap();
    refused(PoolOptions { size: 0, ..good() }, "pool.size");
    refused(PoolOptions { size: 1_025, ..good() }, "pool.size");
    refused(PoolOptions { minimum: 5, ..good() }, "pool.minimum");
    refused(PoolOptions { wait: Duration::MAX, ..good() }, "pool.wait");
    refused(PoolOptions { idle: Some(Duration::ZERO), ..good() }, "pool.idle");
    refused(PoolOptions { idle: Some(Duration::MAX), ..good() }, "pool.idle");
    refused(PoolOptions { open: OpenOptions::new().query_timeout(Duration::ZERO), ..good() }, "query_timeout");
}

#[test]
fn the_least_and_the_most_are_accepted() {
    for size in [1, 1_024] {
        PoolOptions { size, minimum: size, wait: DAY, idle: Some(DAY), ..PoolOptions::default() }.validate().unwrap();
    }
    PoolOptions { wait: Duration::ZERO, ..PoolOptions::default() }.validate().unwrap();
}

#[test]
fn only_another_file_or_another_version_makes_a_store_useless() {
    assert!(is_current(&Ok(())));
    for error in [
        Error::Locked { attempts: 1, waited: Duration::ZERO, source: None },
        Error::Migrated { opened: 24, found: None },
    ] {
        assert!(is_current(&Err(error)));
    }
    let replaced = Error::Replaced { path: PathBuf::from("main.sqlite") };
    for error in [replaced, Error::Migrated { opened: 24, found: Some(26) }] {
        assert!(!is_current(&Err(error)));
    }
}
