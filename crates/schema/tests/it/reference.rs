//! `docs/reference/schema.md` is what the catalogue says; `UPDATE_DOCS=1` writes it anew.

use std::path::Path;

#[test]
fn the_page_is_what_the_catalogue_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/schema.md");
    let page = atalanta_schema::manual();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "{} is out of date: run `make docs`", path.display());
}
