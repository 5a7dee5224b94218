use super::*;

#[test]
fn a_diagnostic_shows_the_line_and_points_at_it() {
    let source = SourceFile {
        path: "content/math/skills.toml".into(),
        text: "[a]\nnéeds = [\"add-lik\"]\n".into(),
    };
    let mut report = Report::new(&source);
    let at = source.text.find("add-lik").unwrap();
    report.error_with_help(
        at..at + 7,
        "unknown skill",
        "`add-lik`",
        "a skill",
        Some("did you mean `add-like`?".into()),
    );
    let diagnostic = report.finish().remove(0);
    let wanted = "error: unknown skill
 --> content/math/skills.toml:2:11
  |
2 | néeds = [\"add-lik\"]
  |           ^^^^^^^ found `add-lik`, wanted a skill
  = help: did you mean `add-like`?
";
    assert_eq!(diagnostic.render(&source.text), wanted);
    assert_eq!((diagnostic.line, diagnostic.columns), (2, (11, 18)));
}

#[test]
fn places_beyond_the_text_and_inside_characters_are_clamped() {
    let source = SourceFile {
        path: "p".into(),
        text: "é".into(),
    };
    let mut report = Report::new(&source);
    report.error(1..900, "m", "f", "w");
    report.error(std::ops::Range { start: 900, end: 1 }, "m", "f", "w");
    assert_eq!(report.finish().len(), 2);
}

#[test]
fn a_file_full_of_mistakes_is_cut() {
    let source = SourceFile {
        path: "p".into(),
        text: "x".into(),
    };
    let mut report = Report::new(&source);
    (0..1000).for_each(|_| report.error(0..1, "m", "f", "w"));
    let diagnostics = report.finish();
    assert_eq!(diagnostics.len(), MAX_PER_FILE + 1);
    assert_eq!(
        diagnostics[MAX_PER_FILE].message,
        "900 more in this file are not shown"
    );
}
