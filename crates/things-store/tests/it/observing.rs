//! What a store says about what it has done: statistics and spans.

use crate::support::{healthy, now, plant, today, Plant};
use std::time::Duration;
use things_store::{Batch, Change, Query, TaskId};

#[test]
fn every_operation_is_counted_under_its_name_with_its_rows() {
    healthy(|case| {
        plant(&case.raw(), case.vintage(), &[Plant::default()]);
        let mut store = case.open_read_write();
        let inbox = store.inbox().unwrap().len() as u64 + store.inbox().unwrap().len() as u64;
        let areas = store.areas().unwrap().len() as u64;
        store.search("planted").unwrap();
        store.count(&Query::all()).unwrap();
        let streamed = store.stream(&Query::all()).unwrap().tasks().unwrap().count() as u64;
        let wrong = Batch::new(now(), today()).change(&TaskId::from("nobody"), Change::Trash);
        store.apply(&wrong).unwrap_err();
        let right = Batch::new(now(), today()).change(&TaskId::from("planted/x"), Change::Trash);
        store.apply(&right).unwrap();
        let found = store.statistics();
        let of = |name: &str| {
            let query = &found.queries[name];
            (query.count(), query.rows, query.failed)
        };
        assert_eq!(of("open"), (1, 0, 0), "{}", case.name);
        assert_eq!(of("inbox"), (2, inbox, 0), "{}", case.name);
        assert_eq!(of("areas"), (1, areas, 0), "{}", case.name);
        assert_eq!(of("search").0, 1, "{}", case.name);
        assert_eq!(of("count").0, 1, "{}", case.name);
        assert_eq!(of("stream"), (1, streamed, 0), "{}", case.name);
        assert_eq!(of("apply"), (2, 1, 1), "{}", case.name);
        assert_eq!(found.operations(), 9 + of("snapshot").0, "{}: {found:?}", case.name);
        assert!(found.queries["inbox"].total > Duration::ZERO);
        assert!(found.statement_hits + found.statement_misses > 0);
        assert_eq!(found.retries, 0);
    });
}

#[cfg(feature = "tracing")]
mod spans {
    use super::*;
    use std::fmt::{Debug, Write as _};
    use std::sync::{Arc, Mutex, OnceLock};
    use std::thread::{self, ThreadId};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::subscriber::Interest;
    use tracing::{Event, Metadata, Subscriber};

    /// Writes down each span with its fields when it is left.
    #[derive(Clone, Default)]
    struct Written {
        open: Arc<Mutex<Vec<String>>>,
        left: Arc<Mutex<Vec<String>>>,
        /// Whose spans are written down.
        thread: Arc<Mutex<Option<ThreadId>>>,
    }

    impl Written {
        /// The one of the process: one that comes and goes races with spans that other threads meet for the first time.
        fn of_this_thread() -> Written {
            static ONE: OnceLock<Written> = OnceLock::new();
            let one = ONE.get_or_init(|| {
                let one = Written::default();
                tracing::subscriber::set_global_default(one.clone()).unwrap();
                one
            });
            *one.thread.lock().unwrap() = Some(thread::current().id());
            one.clone()
        }
    }

    struct Fields<'a>(&'a mut String);

    impl Visit for Fields<'_> {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }

    impl Written {
        fn at(&self, id: &Id, change: impl FnOnce(&mut String)) {
            change(&mut self.open.lock().unwrap()[usize::try_from(id.into_u64()).unwrap() - 1]);
        }
    }

    impl Subscriber for Written {
        /// Asked each time, since other tests have spans in threads of their own.
        fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
            Interest::sometimes()
        }

        fn enabled(&self, _: &Metadata<'_>) -> bool {
            *self.thread.lock().unwrap() == Some(thread::current().id())
        }

        fn new_span(&self, attributes: &Attributes<'_>) -> Id {
            let mut text = format!("{} {}", attributes.metadata().level(), attributes.metadata().name());
            attributes.record(&mut Fields(&mut text));
            let mut open = self.open.lock().unwrap();
            open.push(text);
            Id::from_u64(open.len() as u64)
        }

        fn record(&self, id: &Id, values: &Record<'_>) {
            self.at(id, |text| values.record(&mut Fields(text)));
        }

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, id: &Id) {
            self.at(id, |text| self.left.lock().unwrap().push(text.clone()));
        }
    }

    #[test]
    fn operations_have_spans_that_show_no_words_of_the_user() {
        let written = Written::of_this_thread();
        healthy(|case| {
            let secret = Plant { title: "my secret title", notes: "my secret notes", ..Plant::default() };
            plant(&case.raw(), case.vintage(), &[secret]);
            written.left.lock().unwrap().clear();
            {
                let mut store = case.open_read_write();
                assert_eq!(store.search("secret").unwrap().len(), 1);
                let right = Batch::new(now(), today()).change(&TaskId::from("planted/x"), Change::Trash);
                store.apply(&right).unwrap();
                let wrong = Batch::new(now(), today()).change(&TaskId::from("my secret id"), Change::Trash);
                store.apply(&wrong).unwrap_err();
            }
            let vintage = case.vintage();
            assert_eq!(
                *written.left.lock().unwrap(),
                [
                    format!("INFO things_store.open vintage={vintage}"),
                    format!("DEBUG things_store.query list=\"search\" vintage={vintage} rows=1"),
                    format!("INFO things_store.apply vintage={vintage} rows=1"),
                    format!("INFO things_store.apply vintage={vintage} error=\"no-such\""),
                ],
                "{}",
                case.name
            );
            assert!(!written.open.lock().unwrap().iter().any(|text| text.contains("secret")), "{}", case.name);
        });
    }
}
