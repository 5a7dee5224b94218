//! Tests of the layout of stored values.

use proptest::prelude::*;

use super::*;
use crate::conformance::{event_id, learner};

const EVENT: Record<'_> = Record {
    kind: Kind::Event,
    version: 7,
    at: -2,
    received: 1_700_000_000,
    id: "e1",
    payload: b"right",
};

/// What version 1 wrote must be readable for ever: these bytes are never to be changed.
#[test]
fn an_event_is_laid_out_as_documented() {
    let golden = [
        &[1, 1][..],
        &[7, 0, 0, 0, 0, 0, 0, 0],
        &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x00, 0xf1, 0x53, 0x65, 0, 0, 0, 0],
        &[2, 0],
        b"e1",
        &[5, 0, 0, 0],
        b"right",
        // Computed bit by bit from the polynomial, outside this program.
        &[0x66, 0x04, 0xaf, 0x09],
    ]
    .concat();
    let key = event_row(&learner("ada"), &event_id("e1"));
    assert_eq!(key, b"\0\x03adae1");
    assert_eq!(EVENT.encode(&key), golden);
    assert_eq!(Record::decode(Tree::Events, &key, &golden).unwrap(), EVENT);
}

#[test]
fn the_checksum_is_crc32c() {
    // The check value of CRC-32C (RFC 3720, B.4 gives the polynomial).
    assert_eq!(checksum(b"1234", b"56789"), 0xe306_9283);
}

#[test]
fn a_newer_format_is_told_from_damage() {
    let mut value = EVENT.encode(b"k");
    value[0] = 2;
    let end = value.len() - 4;
    let crc = checksum(b"k", &value[..end]).to_le_bytes();
    value[end..].copy_from_slice(&crc);
    let error = Record::decode(Tree::Events, b"k", &value).unwrap_err();
    assert_eq!(
        error.to_string(),
        "events/k has format 2; this version reads up to 1: use a newer Paceline"
    );
}

#[test]
fn an_error_names_tree_and_key() {
    let key = event_row(&learner("ada"), &event_id("e1"));
    let mut value = EVENT.encode(&key);
    value[30] ^= 1;
    let error = Record::decode(Tree::Events, &key, &value).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("events/ada/e1 is damaged: found checksum "),
        "{text}"
    );
    assert!(!error.asks_for_refold());
}

#[test]
fn a_value_under_another_key_or_in_another_tree_is_damage() {
    let value = EVENT.encode(b"k");
    assert!(Record::decode(Tree::Events, b"l", &value).is_err());
    assert!(Record::decode(Tree::Views, b"k", &value).is_err());
}

proptest! {
    /// What is written is read, whatever it is.
    #[test]
    fn a_record_comes_back(
        version: u64, at: i64, received: i64, id in "[ -~]{0,64}",
        payload: Vec<u8>, key: Vec<u8>,
    ) {
        let record =
            Record { kind: Kind::View, version, at, received, id: &id, payload: &payload };
        let value = record.encode(&key);
        prop_assert_eq!(Record::decode(Tree::Views, &key, &value).unwrap(), record);
    }

    /// Any burst of at most 32 bits that changes is noticed, and any cut.
    #[test]
    fn damage_is_noticed(payload: Vec<u8>, at: prop::sample::Index, mask in 1..=u8::MAX) {
        let value = Record { payload: &payload, ..EVENT }.encode(b"k");
        let mut flipped = value.clone();
        flipped[at.index(value.len())] ^= mask;
        prop_assert!(Record::decode(Tree::Events, b"k", &flipped).is_err());
        prop_assert!(Record::decode(Tree::Events, b"k", &value[..at.index(value.len())]).is_err());
    }

    /// Bytes that nobody wrote are an error, never a panic.
    #[test]
    fn rubbish_is_an_error(bytes: Vec<u8>) {
        prop_assert!(Record::decode(Tree::Blobs, b"k", &bytes).is_err());
    }
}
