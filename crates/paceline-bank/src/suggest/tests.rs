use super::*;

#[test]
fn a_slip_finds_its_name_and_a_stranger_does_not() {
    let known = ["add-like", "add-unlike", "simplify"];
    for (name, found) in [
        ("add-lik", Some("add-like")),
        ("add-ulnike", Some("add-unlike")),
        ("geometry", None),
        ("simplfy", Some("simplify")),
    ] {
        assert_eq!(closest(name, known.into_iter()).as_deref(), found, "{name}");
    }
}
