//! `docs/reference/lints.md` is made from the lints' own pages; `UPDATE_DOCS=1` writes it anew.

use std::path::Path;

#[test]
fn the_page_is_made_from_the_lints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/lints.md");
    let page = atalanta_xql::lint::manual();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "{} is out of date: run `make docs`", path.display());
}
