use super::Block;

#[test]
fn rows_keep_their_order_as_the_block_grows() {
    let mut block = Block::<u32>::new(2);
    for value in (0..100).rev() {
        block.insert(0);
        *block.at_mut(0, 0) = value;
        *block.at_mut(1, 0) = 1000 + value;
    }
    assert_eq!(block.column(0), (0..100).collect::<Vec<_>>());
    assert_eq!(block.column(1), (1000..1100).collect::<Vec<_>>());
}

#[test]
fn equality_ignores_what_is_reserved() {
    let mut block = Block::<u32>::new(3);
    for _ in 0..5 {
        block.insert(0);
    }
    let mut tight = block.clone();
    tight.shrink();
    assert!(tight.bytes() < block.bytes());
    assert_eq!(tight, block);
    tight.insert(5);
    assert_ne!(tight, block);
}
