//! Where the items of a large table are looked for: most of its places may be free.
//!
//! Owns: which places these are. Must not: read a table.

/// Places that are looked at, of a table that has more: as many as cost little more than the items that are shown.
pub const MOST: usize = 1 << 11;
/// Runs that they are, spread over the table: in one from which little was taken out, some lie where items do.
const RUNS: usize = 16;

/// The places of a table of so many that are looked at, in order.
pub fn looked_at(count: usize) -> impl Iterator<Item = usize> {
    let (runs, length) = match count {
        0..=MOST => (1, count),
        _ => (RUNS, MOST / RUNS),
    };
    (0..runs).flat_map(move |run| {
        let first = count / runs * run;
        first..first + length
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_few_and_some_of_every_part_of_many() {
        for count in [0, 1, MOST] {
            assert!(looked_at(count).eq(0..count));
        }
        for count in [MOST + 1, 3 * MOST + 7, 1 << 40] {
            let places: Vec<usize> = looked_at(count).collect();
            assert_eq!(places.len(), MOST);
            assert!(places.is_sorted_by(|a, b| a < b) && places[MOST - 1] < count);
            assert!(places[MOST - 1] > count / RUNS * (RUNS - 1));
        }
    }
}
