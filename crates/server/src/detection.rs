//! Detection beside intake and queries: rules over what arrives, and alerts on their way to the outputs.

use std::sync::Arc;

use atalanta_detect::book::Book;
use atalanta_detect::detector::Detector;
use atalanta_detect::live::{Live, LiveOptions};
use atalanta_detect::output::Delivery;
use atalanta_detect::rule::RuleProblem;
use atalanta_detect::rule::pack::{self, Pack};
use atalanta_detect::suppress::Suppressions;
use atalanta_store::Store;

use crate::ServerError;
use crate::config::{Config, DetectConfig};

/// What runs.
#[derive(Debug)]
pub(crate) struct Detection {
    pub live: Live,
    pub delivery: Option<Delivery>,
    pub rules: usize,
}

/// The book of the data folder, if detection is on.
pub(crate) fn open_book(config: &Config) -> Result<Option<Book>, ServerError> {
    if config.detect.is_none() {
        return Ok(None);
    }
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder).map_err(|error| {
        ServerError::Environment(format!("{}: cannot be created: {error}", folder.display()))
    })?;
    Book::open(folder).map(Some).map_err(|error| ServerError::Environment(error.to_string()))
}

/// Starts the rules. What is wrong with rules is logged, and the others run.
pub(crate) fn start(
    config: &Config,
    store: &Arc<Store>,
    book: Option<Book>,
) -> Result<Option<Detection>, ServerError> {
    let (Some(detect), Some(book)) = (&config.detect, book) else { return Ok(None) };
    let pack = rules(detect);
    let (detector, problems) = Detector::new(pack.enabled());
    log(&pack.problems);
    log(&problems);
    let (suppressions, problems) = detect.suppressions.as_deref().map(Suppressions::read).unwrap_or_default();
    log(&problems);
    let rules = detector.rules().len();
    tracing::info!(rules, "detection");
    let outputs = detect.outputs.iter().map(|output| (output.name.clone(), output.least)).collect();
    let environment = |error: &dyn std::fmt::Display| ServerError::Environment(format!("detection: {error}"));
    let history = i64::try_from(detect.history.as_micros()).unwrap_or(i64::MAX);
    let options = LiveOptions { outputs, suppressions, history };
    let live =
        Live::start(Arc::clone(store), book, detector, options).map_err(|error| environment(&error))?;
    let delivery = if detect.outputs.is_empty() {
        None
    } else {
        let own = Book::open(&config.data_dir).map_err(|error| environment(&error))?;
        let delivery = Delivery::start(own, detect.outputs.clone(), Arc::clone(&live.signal));
        Some(delivery.map_err(|error| environment(&error))?)
    };
    Ok(Some(Detection { live, delivery, rules }))
}

/// What is wrong with the rules and the suppressions of a configuration.
pub fn problems(config: &Config) -> Vec<RuleProblem> {
    let Some(detect) = &config.detect else { return Vec::new() };
    let pack = rules(detect);
    let (_, of_detector) = Detector::new(pack.enabled());
    let (_, of_suppressions) = detect.suppressions.as_deref().map(Suppressions::read).unwrap_or_default();
    pack.problems.into_iter().chain(of_detector).chain(of_suppressions).collect()
}

fn rules(detect: &DetectConfig) -> Pack {
    let mut all = if detect.builtin { pack::builtin() } else { Pack::default() };
    if !detect.rules.is_empty() {
        let own = pack::load(&detect.rules);
        // A rule of one's own takes the place of the built-in one of the same id.
        all.rules.retain(|rule| own.rules.iter().all(|mine| mine.id != rule.id));
        all.rules.extend(own.rules);
        all.problems.extend(own.problems);
    }
    all
}

fn log(problems: &[RuleProblem]) {
    for problem in problems {
        let text = problem.sentence();
        if problem.is_error() {
            tracing::error!(problem = text, "a rule is refused, the others run");
        } else {
            tracing::warn!(problem = text, "a rule runs, but");
        }
    }
}
