//! Compile-time options that cargo's configuration gives to the bundled SQLite alone.

use compatrix_model::axis::{AxisKind, Setting};
use compatrix_model::matrix_spec::Spec;

use crate::find::cargo_config;
use crate::sys::host::Host;

/// Says which options LIBSQLITE3_FLAGS in the `[env]` of cargo's configuration adds that exact versions do not have;
/// `None` if there are none, or if the spec does not have both kinds of SQLite.
pub(crate) fn only_of_the_bundled_one(host: &Host, spec: &Spec) -> Option<String> {
    const NAME: &str = "LIBSQLITE3_FLAGS";
    let (_, axis) = spec.space.axis_of(&AxisKind::Sqlite)?;
    let has = |is: fn(&Setting) -> bool| axis.values.iter().any(|value| is(&value.setting));
    if !has(|setting| *setting == Setting::SqliteBundled) || !has(|setting| matches!(setting, Setting::SqliteExact(_)))
    {
        return None;
    }
    let config = cargo_config::merged(&host.ambient, &host.root);
    let flags = config.get("env")?.get(NAME)?;
    let flags = flags.as_str().or_else(|| flags.get("value")?.as_str())?;
    let lacking = spec.sqlite.lacks(flags);
    (!lacking.is_empty()).then(|| {
        let list: Vec<String> = lacking.iter().map(|option| format!("\"{option}\"")).collect();
        format!(
            "{NAME} in cargo's configuration compiles only the bundled SQLite with {}; for exact versions too, write \
             `compile-options = [{}]` under [sqlite] in the spec",
            lacking.join(", "),
            list.join(", ")
        )
    })
}
