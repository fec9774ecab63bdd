//! The plan of a request, shown and not carried out: `plan` and `--dry-run`.

use compatrix_engine::sys::error::Error;
use compatrix_model::claims::untested;
use compatrix_model::plan::narrow::plan_narrowed;
use compatrix_render::plan_json::plan_json;
use compatrix_render::plan_table::plan_table;

use crate::cli::Format;
use crate::event;
use crate::request::Request;
use crate::terminal::Terminal;

/// Prints the plan.
pub(crate) fn show(request: &Request<'_>, format: Format, terminal: &Terminal) -> Result<u8, Error> {
    let parsed = &request.opened.parsed;
    let session = request.opened.session(request.limits(), false, terminal)?;
    let event = event::part(request.opened, &session, request.event, request.work)?;
    let survey = session.survey(parsed)?;
    let narrow = session.narrow(parsed, &survey, &request.narrow_by(event.map(|event| event.part)))?;
    let mut facts = survey.facts.plan_facts();
    facts.durations = session.ledger.durations()?;
    let (plan, _) = plan_narrowed(&parsed.spec, &request.choice(), &facts, &narrow);
    request.refuse_empty(&plan)?;
    if request.event.event.is_none() {
        let untested = untested(&parsed.spec, &survey.facts.versions());
        untested
            .iter()
            .filter(|claim| !claim.is_plain())
            .for_each(|claim| terminal.warning(&format!("{claim}; {}", claim.mend())));
    }
    let known = session.known(&parsed.spec, &survey, &plan, &request.opened.today)?;
    terminal.print(&match format {
        Format::Human => plan_table(&parsed.spec, &plan, &facts, &known, &terminal.look()),
        Format::Json => plan_json(&parsed.spec, &plan, &facts, &known, request.profile_name),
    });
    Ok(0)
}
