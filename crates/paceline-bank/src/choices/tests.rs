use super::*;

#[test]
fn choices_are_counted_by_ability() {
    // The weak choose 1, the strong 0, nobody 2; a choice 7 is not on the list.
    let mut answers: Vec<(f64, usize)> = (0..30)
        .map(|i| (f64::from(i), usize::from(i < 10)))
        .collect();
    answers.push((3.0, 7));
    answers.push((f64::NAN, 0));
    let table = tabulate_choices(&answers, 3, 3);
    assert_eq!(table.counts, [[0, 10, 10], [10, 0, 0], [0, 0, 0]]);
    assert_eq!(table.mean_ability, [Some(19.5), Some(4.5), None]);
    assert_eq!(tabulate_choices(&[], 1, 0).counts, [[0]]);
}
