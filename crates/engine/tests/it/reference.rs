//! `docs/reference/functions.md` is made from the signatures and the implementations; `UPDATE_DOCS=1` writes it anew.
//!
//! Only what runs is documented: aggregates and window functions are tried out.

use std::fmt::Write;
use std::path::Path;

use atalanta_engine::functions::{self, FunctionSpec};
use atalanta_engine::session::Session;
use atalanta_xql::signatures::{FUNCTIONS, Kind, ParamType, Returns, Signature};

use crate::toy::{ask, session};

const SECTIONS: [(Kind, &str, &str); 5] = [
    (Kind::Scalar, "Scalar functions", "Anywhere an expression is allowed."),
    (
        Kind::Lambda,
        "Functions over the elements of an array",
        "Their last argument is evaluated for each element, which it calls `\"@element\"`.",
    ),
    (
        Kind::Rule,
        "Functions of parsing rules",
        "The product knows them in parsing rules only; here they run in queries too.",
    ),
    (Kind::Aggregate, "Aggregates", "In `comp` and `windowcomp`."),
    (Kind::Window, "Window functions", "In `windowcomp` only."),
];

#[test]
fn the_page_is_made_from_the_functions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/functions.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "{} is out of date: run `make docs`", path.display());
}

fn page() -> String {
    let session = session();
    let mut page = String::from(
        "# Functions\n\nGenerated from the signatures and the implementations; do not edit. \
         `[x]` may be left out, `…` stands for any number of further arguments.\n",
    );
    let mut unsupported = Vec::new();
    for (kind, title, about) in SECTIONS {
        let _ = write!(page, "\n## {title}\n\n{about}\n");
        for signature in FUNCTIONS.iter().filter(|signature| signature.kind == kind) {
            if runs(&session, signature) {
                entry(&mut page, signature);
            } else {
                unsupported.push(format!("`{}`", signature.name));
            }
        }
    }
    if !unsupported.is_empty() {
        let names = unsupported.join(", ");
        let _ = write!(page, "\n## Read and checked, but not run\n\n{names}.\n");
    }
    page
}

/// Whether a query with the function reaches its end.
fn runs(session: &Session, signature: &Signature) -> bool {
    let name = signature.name;
    let expression = match signature.kind {
        // The engine's own tests prove that scalars and lambdas run.
        Kind::Scalar | Kind::Lambda | Kind::Rule => return true,
        _ if signature.params.is_empty() => format!("{name}()"),
        _ if signature.params.iter().filter(|param| !param.optional).count() > 1 => {
            format!("{name}(bytes, 2)")
        }
        _ => format!("{name}(bytes)"),
    };
    let stage = match signature.kind {
        Kind::Window => format!("windowcomp {expression} sort asc _time as r"),
        _ => format!("comp {expression} as r"),
    };
    match ask(session, &format!("dataset = agent_calls_raw | {stage}")) {
        Ok(_) => true,
        Err(message) => {
            assert!(message.contains("this version does not run it"), "{stage}: {message}");
            false
        }
    }
}

fn entry(page: &mut String, signature: &Signature) {
    let spec = functions::all().iter().find(|spec| named(spec, signature.name));
    let _ = write!(page, "\n### `{}`\n\n", signature.name);
    if let Some(spec) = spec.filter(|spec| spec.name != signature.name) {
        let _ = writeln!(page, "Another name of [`{0}`](#{0}).", spec.name);
        return;
    }
    let _ = writeln!(page, "```text\n{}\n```\n", call(signature));
    // The manual text of a scalar says what it does with nulls; the table says it for the others.
    match spec.map(|spec| spec.doc.split_once(": ").map_or(spec.doc, |(_, text)| text)) {
        Some(text) => page.push_str(text),
        None => {
            let _ = write!(page, "{}. Nulls: {}.", capital(signature.summary), signature.null);
        }
    }
    page.push('\n');
    let Some(spec) = spec.filter(|spec| !spec.examples.is_empty()) else { return };
    page.push_str("\n```text\n");
    for (expression, result) in spec.examples {
        let _ = writeln!(page, "{expression} = {result}");
    }
    page.push_str("```\n");
}

fn named(spec: &FunctionSpec, name: &str) -> bool {
    spec.name == name || spec.aliases.contains(&name)
}

/// `name(a: int, [b: string], …: any) -> string`
fn call(signature: &Signature) -> String {
    let mut parts: Vec<String> = Vec::new();
    for param in signature.params {
        let text = format!("{}: {}", param.name, takes(param.ty));
        parts.push(if param.optional { format!("[{text}]") } else { text });
    }
    if let Some(ty) = signature.variadic {
        parts.push(format!("…: {}", takes(ty)));
    }
    format!("{}({}) -> {}", signature.name, parts.join(", "), gives(signature))
}

fn takes(ty: ParamType) -> &'static str {
    match ty {
        ParamType::Any => "any",
        ParamType::Bool => "boolean",
        ParamType::Int => "int",
        ParamType::Float => "float",
        ParamType::Number => "number",
        ParamType::Numeric => "number or numeric text",
        ParamType::String => "string",
        ParamType::Text => "JSON text or object",
        ParamType::Json => "object",
        ParamType::Timestamp => "timestamp",
        ParamType::Array => "array",
        ParamType::StringArray => "array of strings",
    }
}

fn gives(signature: &Signature) -> String {
    let of = |index: usize| signature.params.get(index).map_or("the arguments", |param| param.name);
    match signature.returns {
        Returns::Fixed(ty) => takes(ty).to_owned(),
        Returns::SameAs(index) => format!("type of {}", of(index)),
        Returns::ElementOf(index) => format!("type of the elements of {}", of(index)),
        Returns::ArrayOf(index) => format!("array of the type of {}", of(index)),
        Returns::Common => "common type of the arguments".to_owned(),
        Returns::ArrayOfCommon => "array of the common type of the arguments".to_owned(),
        Returns::Branches => "common type of the values".to_owned(),
        Returns::Arithmetic => "float if an argument is a float, else int".to_owned(),
        Returns::Rounded => "int, float with two arguments".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
