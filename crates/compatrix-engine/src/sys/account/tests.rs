//! Accounts, on a clock that the test sets.

use super::*;

const MB: u64 = 1 << 20;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn seen(cpu: u64, memory: u64, peak: u64) -> Seen {
    Seen { cpu: ms(cpu), memory: memory * MB, peak_memory: peak * MB }
}

#[test]
fn what_ran_and_what_waited_is_wanted() {
    let (account, start) = (Account::default(), crate::sys::clock::instant());
    assert_eq!(account.usage(), Usage::default());
    account.begin(1, start);
    account.begin(2, start);
    account.see(1, seen(60, 10, 30), ms(40));
    account.see(2, seen(0, 5, 5), ms(0));
    assert!(!account.close_window(start + ms(100)));
    let first = account.usage();
    assert!(!first.sampled && first.wanted == 0.0, "half a window: {first:?}");
    assert_eq!((first.cpu, first.memory, first.peak_memory), (ms(60), 15 * MB, 30 * MB));

    account.see(1, seen(120, 40, 40), ms(40));
    assert!(!account.close_window(start + ms(200)));
    let second = account.usage();
    assert!(second.sampled && (second.wanted - 1.0).abs() < 1e-9, "{second:?}");
    assert_eq!((second.memory, second.peak_memory), (45 * MB, 45 * MB));

    // It sleeps from now on, which is known a window later.
    account.see(1, seen(120, 1, 40), ms(0));
    assert!(!account.close_window(start + ms(300)));
    assert!((account.usage().wanted - 0.5).abs() < 1e-9, "{:?}", account.usage());
    account.close_window(start + ms(400));
    assert_eq!(account.usage().wanted, 0.0);
    assert_eq!((account.usage().memory, account.usage().peak_memory), (6 * MB, 45 * MB));
}

#[test]
fn processes_that_nobody_saw_count_when_they_end() {
    let (account, start) = (Account::default(), crate::sys::clock::instant());
    for number in 0..10 {
        account.begin(number, start);
        account.end(number, ms(20));
    }
    assert_eq!(account.usage().cpu, ms(200));
    assert!(!account.close_window(start + ms(200)));
    assert!((account.usage().wanted - 1.0).abs() < 1e-9);
    assert!(account.close_window(start + ms(400)), "no process, nothing wanted");

    // What was seen before the end counts once, and a look that comes too late not at all.
    account.begin(7, start + ms(400));
    account.see(7, seen(50, 10, 10), ms(0));
    account.end(7, ms(80));
    account.see(7, seen(60, 10, 10), ms(500));
    assert_eq!((account.usage().cpu, account.usage().memory), (ms(280), 0));
    // A child that nobody waited for is only in what was seen.
    account.begin(8, start + ms(400));
    account.see(8, seen(50, 10, 10), ms(0));
    account.end(8, ms(10));
    assert_eq!(account.usage().cpu, ms(330));
}

#[test]
fn clones_are_one_account() {
    let account = Account::default();
    assert!(account.is_forgotten());
    let other = account.clone();
    other.begin(1, crate::sys::clock::instant());
    other.end(1, ms(5));
    assert!(account.is(&other) && !account.is(&Account::default()) && !account.is_forgotten());
    assert_eq!(account.usage().cpu, ms(5));
}
