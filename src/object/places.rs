//! Where the items of a large table are looked for: most of its places may be free.
//!
//! Owns: which places these are. Must not: read a table.

/// So many are looked at one after another: the items that are shown lie there, unless what came first was taken out.
const FIRST: usize = 1 << 11;
/// As many again lie in so many runs, spread over what is behind them.
const RUNS: usize = 16;
const LENGTH: usize = FIRST / RUNS;

/// Whether all places of a table of so many are looked at, where so many items are wanted.
pub fn are_all(count: usize, wanted: usize) -> bool {
    count <= 2 * FIRST || wanted >= FIRST
}

/// The places of a table of so many that are looked at, in order, where so many items are wanted.
pub fn looked_at(count: usize, wanted: usize) -> impl Iterator<Item = usize> {
    let first = if are_all(count, wanted) { count } else { FIRST };
    let distance = (count - first) / RUNS;
    let begins = (0..RUNS).map(move |run| first + run * distance);
    (0..first).chain(begins.flat_map(move |begin| begin..begin + LENGTH.min(distance)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_few_and_some_of_every_part_of_many() {
        for count in [0, 1, FIRST, 2 * FIRST] {
            assert!(looked_at(count, 10).eq(0..count));
        }
        assert!(looked_at(5 * FIRST, FIRST).eq(0..5 * FIRST));
        for count in [2 * FIRST + 1, 3 * FIRST + 7, 1 << 40] {
            let places: Vec<usize> = looked_at(count, 10).collect();
            assert_eq!(places.len(), 2 * FIRST);
            assert!(places.starts_with(&(0..FIRST).collect::<Vec<_>>()));
            let last = places[2 * FIRST - 1];
            assert!(places.is_sorted_by(|a, b| a < b) && last < count);
            assert!(last > (count - FIRST) / RUNS * (RUNS - 1));
        }
    }
}
