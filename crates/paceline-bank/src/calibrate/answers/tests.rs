use super::*;

#[test]
fn an_answer_takes_eight_bytes_and_four_once_laid_out() {
    assert!(size_of::<Answer>() <= 12);
    let n = 10_000;
    let mut log = AnswerLog::with_capacity(n);
    for i in 0..n as u32 {
        let answer = Answer {
            learner: i % 100,
            item: i / 100,
            score: 1,
        };
        log.push(answer).unwrap();
    }
    let held = size_of_val(&log.learners[..]) + size_of_val(&log.cells[..]);
    assert_eq!((held, log.learners.capacity()), (8 * n, n));
    let laid_out = log.finish(100).unwrap();
    assert_eq!(size_of_val(&laid_out.rows[..]), 4 * n);
    assert_eq!(laid_out.starts.len() + laid_out.first_rows.len(), 202);
}
