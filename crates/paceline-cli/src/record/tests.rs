use super::*;

fn lines(text: &[u8]) -> Vec<Result<Vec<u8>, String>> {
    let mut input = io::BufReader::new(text);
    std::iter::from_fn(|| read_line(&mut input).unwrap()).collect()
}

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_is_read() {
    let mut text = vec![b'x'; 100 << 20];
    text.extend(b"\nnext\n");
    let lines = lines(&text);
    assert_eq!(
        lines[0],
        Err("the line has 104857601 bytes; wanted at most 1048576".to_owned())
    );
    assert_eq!(lines[1], Ok(b"next\n".to_vec()));
    assert_eq!(lines.len(), 2);
}

#[test]
fn the_last_line_needs_no_end() {
    assert_eq!(
        lines(b"a\n\nb"),
        [Ok(b"a\n".to_vec()), Ok(b"\n".to_vec()), Ok(b"b".to_vec())]
    );
    assert!(lines(b"").is_empty());
}

#[test]
fn what_is_not_an_event_says_why() {
    assert_eq!(parse(b"  \n"), Ok(None));
    assert!(parse(b"{}").unwrap_err().contains("missing field"));
    assert!(parse(&[0xff]).unwrap_err().contains("UTF-8"));
}
