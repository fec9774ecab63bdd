//! The SQL of each list and filter, as text and parameters.

use super::*;

fn day() -> Date {
    "2024-06-12".parse().unwrap()
}

fn conditions(query: &Query, vintage: Vintage) -> String {
    let text = query.to_sql(vintage).text;
    let (_, rest) = text.split_once(" WHERE ").unwrap();
    rest.to_owned()
}

#[test]
fn every_list_hides_templates_and_what_is_in_them() {
    for vintage in Vintage::ALL {
        let rule = schema::columns(vintage).recurrence_rule;
        for list in [
            List::Inbox,
            List::Today(day()),
            List::Upcoming(day()),
            List::Anytime,
            List::Someday,
            List::Logbook,
            List::Trash,
        ] {
            let text = conditions(&Query::list(list), vintage);
            assert!(text.contains(&format!("t.\"{rule}\" IS NULL")), "{list:?}");
            assert!(text.contains(&format!("p.\"{rule}\" IS NULL")), "{list:?}");
        }
    }
}

#[test]
fn only_the_trash_shows_what_is_trashed() {
    let shows = |query: &Query| conditions(query, Vintage::V24).contains("t.\"trashed\" = 1");
    assert!(shows(&Query::list(List::Trash)));
    assert!(!shows(&Query::list(List::Logbook)));
    assert!(!shows(&Query::all()));
}

#[test]
fn index_is_always_quoted() {
    // A keyword of SQL: bare, it is a syntax error.
    for vintage in Vintage::ALL {
        let text = Query::all().to_sql(vintage).text;
        assert_eq!(text.matches("index").count(), text.matches("\"index\"").count());
        assert!(text.contains("\"index\""));
    }
}

#[test]
fn dates_are_bound_in_the_encoding_of_the_vintage() {
    let params = |vintage| Query::list(List::Today(day())).to_sql(vintage).params;
    assert_eq!(params(Vintage::V18), [Value::Real(1_718_236_800.0)]);
    assert_eq!(params(Vintage::V24), [Value::Integer(132_670_976 + 128)]);
}

#[test]
fn deadlines_include_both_ends() {
    let query = Query::all().due(Some(day()), Some(day()));
    let sql = query.to_sql(Vintage::V24);
    assert!(sql.text.contains("t.\"deadline\" >= ?1"), "{}", sql.text);
    assert!(sql.text.contains("t.\"deadline\" < ?2"), "{}", sql.text);
    assert_eq!(sql.params, [Value::Integer(132_670_976), Value::Integer(132_671_104)]);
    let open = Query::all().due(None, None).to_sql(Vintage::V18);
    assert!(open.text.contains("t.\"dueDate\" IS NOT NULL"));
    assert!(open.params.is_empty());
}

#[test]
fn what_users_type_is_never_part_of_the_text() {
    let evil = "'; DROP TABLE TMTask; --";
    let with = |text: &str| {
        Query::list(List::Anytime)
            .text(text)
            .tag(&TagId::from(text))
            .area(&AreaId::from(text))
            .project(&TaskId::from(text))
            .limit(7)
            .to_sql(Vintage::V24)
    };
    assert!(!with(evil).text.contains("DROP"));
    assert_eq!(with(evil).text, with("milk").text, "one text, prepared once");
    assert_eq!(with(evil).params.len(), 5);
    assert_eq!(with(evil).params[4], Value::Integer(7));
}

#[test]
fn placeholders_are_numbered_as_the_parameters_are() {
    let query = Query::list(List::Upcoming(day())).text("x").due(None, Some(day())).limit(1);
    let sql = query.to_sql(Vintage::V18);
    for number in 1..=sql.params.len() {
        assert!(sql.text.contains(&format!("?{number}")), "{}", sql.text);
    }
    assert!(!sql.text.contains(&format!("?{}", sql.params.len() + 1)));
}

#[test]
fn patterns_escape_what_like_would_interpret() {
    for (text, pattern) in [
        ("milk", "%milk%"),
        ("50%", "%50\\%%"),
        ("10_year", "%10\\_year%"),
        ("a\\b", "%a\\\\b%"),
        ("", "%%"),
        ("漢字", "%漢字%"),
    ] {
        assert_eq!(like_pattern(text), pattern);
    }
}

#[test]
fn headings_come_only_where_asked_for() {
    let headings = Query::all().kind(Kind::Heading);
    assert!(conditions(&headings, Vintage::V24).contains("t.\"type\" = 2"));
    assert!(conditions(&Query::all(), Vintage::V24).contains("t.\"type\" <> 2"));
    let by_id = Query::by_id(&TaskId::from("x"));
    assert!(!conditions(&by_id, Vintage::V24).contains("\"type\""));
}

#[test]
fn every_order_ends_in_the_identifier() {
    // Ties would otherwise come in any order, and differ between SQLite versions.
    for query in
        [Query::all(), Query::list(List::Logbook), Query::list(List::Today(day())), Query::all().due(None, None)]
    {
        assert!(query.to_sql(Vintage::V24).text.ends_with(", t.\"uuid\""));
    }
}

#[test]
fn what_is_counted_and_what_is_sorted_later_is_what_is_read() {
    for vintage in Vintage::ALL {
        let query = Query::list(List::Today(day())).text("milk");
        let (read, counted) = (query.to_sql(vintage), query.to_count_sql(vintage));
        let from =
            |text: &str| text[text.find(" FROM \"TMTask\"").unwrap()..].split(" ORDER BY ").next().unwrap().to_owned();
        assert_eq!(from(&counted.text), from(&read.text));
        assert_eq!(counted.params, read.params);
        let unordered = query.to_unordered_sql(vintage).unwrap();
        assert_eq!(read.text.split(" ORDER BY ").next(), Some(unordered.text.as_str()));
        assert_eq!(unordered.params, read.params);

        let query = query.limit(3);
        assert_eq!(query.to_unordered_sql(vintage), None, "the order says which they are");
        let (read, counted) = (query.to_sql(vintage), query.to_count_sql(vintage));
        assert!(read.text.ends_with(" LIMIT ?3") && counted.text.ends_with(" LIMIT ?3)"), "{}", counted.text);
        assert_eq!(counted.params, read.params);
    }
}

#[test]
fn what_is_sorted_by_is_in_its_place() {
    for vintage in Vintage::ALL {
        let columns = select_columns(vintage);
        let columns: Vec<&str> = columns.split(", ").collect();
        let lists = [List::Inbox, List::Today(day()), List::Upcoming(day()), List::Anytime, List::Someday];
        let more = [List::Logbook, List::Trash];
        let queries = lists.into_iter().chain(more).map(Query::list).chain([Query::all().due(None, None)]);
        for query in queries {
            for By { column, place, .. } in query.order(vintage) {
                assert_eq!(columns[place], format!("t.\"{column}\""), "{vintage} {query:?}");
            }
        }
    }
}

#[test]
fn columns_are_as_many_as_a_row_is_read_for() {
    for vintage in Vintage::ALL {
        assert_eq!(select_columns(vintage).split(", ").count(), 22, "{vintage}");
    }
}

#[test]
fn a_list_knows_what_is_open() {
    for (list, open) in [
        (List::Inbox, true),
        (List::Today(day()), true),
        (List::Upcoming(day()), true),
        (List::Anytime, true),
        (List::Someday, true),
        (List::Logbook, false),
        (List::Trash, false),
    ] {
        let text = conditions(&Query::list(list), Vintage::V24);
        assert_eq!(text.contains("t.\"status\" = 0"), open, "{list:?}");
    }
}

#[test]
fn a_suppressed_deadline_is_not_todays() {
    for (vintage, column) in [(Vintage::V18, "dueDateSuppressionDate"), (Vintage::V24, "deadlineSuppressionDate")] {
        let text = conditions(&Query::list(List::Today(day())), vintage);
        assert!(text.contains(&format!("t.\"{column}\" IS NULL")), "{text}");
        assert!(text.contains("t.\"startDate\" IS NULL AND"), "{text}");
    }
}

#[test]
fn a_query_is_counted_under_its_narrowest_condition_and_never_under_a_users_words() {
    let (text, id) = ("a user's words", TaskId::from("a user's words"));
    let day = Date::new(2024, 6, 12).unwrap();
    for (query, name) in [
        (Query::list(List::Inbox).text(text), "inbox"),
        (Query::list(List::Today(day)), "today"),
        (Query::list(List::Upcoming(day)), "upcoming"),
        (Query::list(List::Anytime), "anytime"),
        (Query::list(List::Someday), "someday"),
        (Query::list(List::Logbook), "logbook"),
        (Query::list(List::Trash), "trash"),
        (Query::by_id(&id), "task"),
        (Query::all().text(text), "search"),
        (Query::all().tag(&TagId::from(text)), "by_tag"),
        (Query::all().project(&id).kind(Kind::Heading), "in_project"),
        (Query::all().area(&AreaId::from(text)), "by_area"),
        (Query::all().due(None, None), "deadlines"),
        (Query::all().kind(Kind::Project), "projects"),
        (Query::all(), "tasks"),
    ] {
        assert_eq!(query.name(), name, "{query:?}");
    }
}
