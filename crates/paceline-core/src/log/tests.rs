use std::io::Write;

use super::{AnswerLog, LINE_BYTES, Order};

const HEADER: &str = "learner,item,skills,timestamp_s,correct\n";

fn read(rows: &str) -> Result<AnswerLog, String> {
    let text = format!("{HEADER}{rows}");
    AnswerLog::read(text.as_bytes(), Order::Given).map_err(|error| error.to_string())
}

fn check_error(rows: &str, wanted: &str) {
    let text = format!("{HEADER}{rows}");
    for text in [text.replace('\n', "\r\n"), text] {
        let error = AnswerLog::read(text.as_bytes(), Order::Given).expect_err("a bad log");
        let error = error.to_string();
        assert!(error.contains(wanted), "{error:?} lacks {wanted:?}");
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn rows_are_grouped_by_learner_and_ids_interned() {
    let log = read("b,i1,s1;s2,5,1\na,i2,s2,6,0\nb,i2,s2;s1,7,0\n").unwrap();
    assert_eq!(log.rows(), 3);
    assert_eq!(&*log.learners()[0], "b");
    let b = log.answers(0);
    assert_eq!(b.seconds, [5, 7]);
    assert_eq!(b.right, [true, false]);
    assert_eq!(b.set[0], b.set[1], "order within a set does not matter");
    assert_eq!(log.answers(1).item, [1]);
}

#[test]
fn columns_are_found_by_name_and_others_ignored() {
    let text = "correct,note,timestamp_s,skills,item,learner\r\n1,\"a, \"\"b\"\"\",3,s,i,l\r\n";
    let log = AnswerLog::read(text.as_bytes(), Order::Given).unwrap();
    assert_eq!(log.answers(0).seconds, [3]);
    assert_eq!(&*log.items().all()[0], "i");
}

#[test]
fn gzip_is_read_and_one_cut_short_refused() {
    let mut packed = gzip(&format!("{HEADER}l,i,s,0,1\n"));
    assert_eq!(
        AnswerLog::read(&packed[..], Order::Given).unwrap().rows(),
        1
    );
    packed.truncate(packed.len() - 6);
    let error = AnswerLog::read(&packed[..], Order::Given).unwrap_err();
    assert!(error.to_string().contains("cut short"), "{error}");
}

#[test]
fn bad_logs_are_refused_with_the_row() {
    check_error("l,i,s,0,1\nl,i,s,1,2\n", "row 2 (line 3): correct is \"2\"");
    check_error("l,i,s,0,\n", "row 1 (line 2): correct is \"\"");
    check_error("l,i,s,0,0.5\n", "row 1 (line 2): correct is \"0.5\"");
    check_error("l,i,s,5,1\nl,i,s,4,1\n", "row 2 (line 3): time goes back");
    check_error("l,i,s,soon,1\n", "row 1 (line 2): timestamp_s is \"soon\"");
    check_error("l,i,s,-1,1\n", "row 1 (line 2): timestamp_s is \"-1\"");
    check_error("l,i,s,NaN,1\n", "row 1 (line 2): timestamp_s is \"NaN\"");
    check_error("l,i,s,0\n", "row 1 (line 2): found 4 fields, wanted 5");
    check_error(",i,s,0,1\n", "row 1 (line 2): learner is empty");
    check_error("", "empty");
    let long = "x".repeat(LINE_BYTES + 2);
    check_error(
        &format!("l,i,s,0,1\n{long}"),
        "row 2 (line 3): the line is over 1 MiB",
    );
    let error = AnswerLog::read(&b""[..], Order::Given).unwrap_err();
    assert!(error.to_string().contains("empty"), "{error}");
    let error = AnswerLog::read(&b"learner,item,skills,correct\n"[..], Order::Given).unwrap_err();
    assert!(error.to_string().contains("timestamp_s"), "{error}");
}

#[test]
fn sorting_mends_times_that_go_back() {
    let text = format!("{HEADER}l,i,s,5,1\nl,j,s,4,0\nl,k,s,4,1\n");
    let log = AnswerLog::read(text.as_bytes(), Order::Sort).unwrap();
    assert_eq!(log.answers(0).seconds, [4, 4, 5]);
    assert_eq!(log.answers(0).item, [1, 2, 0], "equal times stay in order");
}

#[test]
fn an_item_without_skills_has_the_nameless_skill() {
    let log = read("l,i,,0,1\n").unwrap();
    assert_eq!(&*log.skills().all()[0], "");
}
