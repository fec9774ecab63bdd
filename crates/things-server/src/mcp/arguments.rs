//! The arguments of the tools. Their JSON schemas are derived from these types, descriptions included.

use crate::filter::{Day, Filter, KindName, ListName, Words};
use rmcp::schemars::{self, JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use std::borrow::Cow;

/// How many tasks to give: 1 to [`Limit::MOST`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct Limit(pub(crate) u32);

impl Limit {
    pub(crate) const MOST: u32 = 1_000;
}

impl Default for Limit {
    fn default() -> Limit {
        Limit(100)
    }
}

impl TryFrom<u32> for Limit {
    type Error = String;

    fn try_from(limit: u32) -> Result<Limit, String> {
        match limit {
            1..=Limit::MOST => Ok(Limit(limit)),
            _ => Err(format!("{limit} is outside 1 to {}: read on with `offset`", Limit::MOST)),
        }
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "integer", "minimum": 1, "maximum": Limit::MOST, "default": Limit::default().0,
        })
    }
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    pub(crate) limit: Limit,
    pub(crate) offset: u32,
}

/// For tools that take none.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct Nothing {}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct ListArgs {
    /// At most this many tasks.
    pub(crate) limit: Limit,
    /// Skip this many tasks from the top.
    pub(crate) offset: u32,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct DayArgs {
    /// The user's current day. Default: the current day in UTC, because the server does not know the user's time zone.
    pub(crate) today: Option<Day>,
    /// At most this many tasks.
    pub(crate) limit: Limit,
    /// Skip this many tasks from the top.
    pub(crate) offset: u32,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct DeadlineArgs {
    /// Only deadlines on this day or later.
    pub(crate) from: Option<Day>,
    /// Only deadlines on this day or earlier.
    pub(crate) until: Option<Day>,
    /// At most this many tasks.
    pub(crate) limit: Limit,
    /// Skip this many tasks from the top.
    pub(crate) offset: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct TaskArgs {
    /// The identifier of the to-do, project or heading.
    pub(crate) id: Words,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct HeadingArgs {
    /// The identifier of the project.
    pub(crate) project: Words,
    /// At most this many headings.
    #[serde(default)]
    pub(crate) limit: Limit,
    /// Skip this many headings from the top.
    #[serde(default)]
    pub(crate) offset: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct ChecklistArgs {
    /// The identifier of the to-do.
    pub(crate) task: Words,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct TagArgs {
    /// The tag's identifier or exact title.
    pub(crate) tag: Words,
    /// Only this kind of task.
    #[serde(default)]
    pub(crate) kind: Option<KindName>,
    /// At most this many tasks.
    #[serde(default)]
    pub(crate) limit: Limit,
    /// Skip this many tasks from the top.
    #[serde(default)]
    pub(crate) offset: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct AreaArgs {
    /// The area's identifier or exact title.
    pub(crate) area: Words,
    /// Only this kind of task.
    #[serde(default)]
    pub(crate) kind: Option<KindName>,
    /// At most this many tasks.
    #[serde(default)]
    pub(crate) limit: Limit,
    /// Skip this many tasks from the top.
    #[serde(default)]
    pub(crate) offset: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "rmcp::schemars")]
pub(crate) struct SearchArgs {
    /// The text to find in titles and notes. ASCII letters match in either case; `%` and `_` are ordinary characters.
    pub(crate) text: Words,
    /// Only in this list. Default: everywhere but in the trash.
    #[serde(default)]
    pub(crate) list: Option<ListName>,
    /// The user's current day, for the lists `today` and `upcoming`. Default: the current day in UTC.
    #[serde(default)]
    pub(crate) today: Option<Day>,
    /// Only this kind of task. Headings are searched only if asked for.
    #[serde(default)]
    pub(crate) kind: Option<KindName>,
    /// Only what carries this tag or one below it: its identifier or exact title.
    #[serde(default)]
    pub(crate) tag: Option<Words>,
    /// Only in this area: its identifier or exact title.
    #[serde(default)]
    pub(crate) area: Option<Words>,
    /// Only in the project with this identifier.
    #[serde(default)]
    pub(crate) project: Option<Words>,
    /// At most this many tasks.
    #[serde(default)]
    pub(crate) limit: Limit,
    /// Skip this many tasks from the top.
    #[serde(default)]
    pub(crate) offset: u32,
}

impl SearchArgs {
    pub(crate) fn into_parts(self) -> (Filter, Part) {
        let SearchArgs { text, list, today, kind, tag, area, project, limit, offset } = self;
        let filter =
            Filter { list, today, kind, text: Some(text), tag, area, project, due_from: None, due_until: None };
        (filter, Part { limit, offset })
    }
}
