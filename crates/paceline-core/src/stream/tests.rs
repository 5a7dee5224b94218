use super::*;
use rand::Rng;

#[test]
fn a_stream_is_the_same_everywhere_and_unlike_any_other() {
    let first = |purpose, seed, key: &[u8]| stream(purpose, seed, key).next_u64();
    // Golden: a change here would change every stored plan.
    assert_eq!(keyed_u64("plan", 7, b"kim"), 15_679_447_307_567_259_983);
    assert_eq!(first("plan", 7, b"kim"), first("plan", 7, b"kim"));
    assert_ne!(first("plan", 7, b"kim"), first("plan", 8, b"kim"));
    assert_ne!(first("plan", 7, b"kim"), first("plan", 7, b"kin"));
    assert_ne!(first("plan", 7, b"kim"), first("pla", 7, b"nkim"));
}
