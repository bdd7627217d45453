//! Lines in the order of a score, the highest first; lines of one score stand together.

/// The order of lines by one score.
#[derive(Clone, Debug)]
pub(super) struct Ranking {
    order: Vec<usize>,
    /// Where each block of equal scores ends in `order`.
    ends: Vec<usize>,
}

impl Ranking {
    pub(super) fn new(scores: &[f64]) -> Ranking {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        // A stable sort: lines of one score keep the order of the file.
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let ends = (1..=order.len())
            .filter(|&end| end == order.len() || scores[order[end]] != scores[order[end - 1]])
            .collect();
        Ranking { order, ends }
    }

    /// Places of lines, one slice a score.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &[usize]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let bounds = starts.zip(&self.ends);
        bounds.map(|(start, &end)| &self.order[start..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_stand_together_and_the_highest_come_first() {
        let ranking = Ranking::new(&[0.5, 0.9, 0.5, 0.0, -0.0]);
        let blocks: Vec<&[usize]> = ranking.blocks().collect();
        assert_eq!(blocks, [&[1][..], &[0, 2], &[3, 4]]);
        assert_eq!(Ranking::new(&[]).blocks().count(), 0);
    }
}
