//! What was found in values that come again and again, such as paths of programs and names of users.

use std::collections::HashMap;

/// Most values that are kept; then all are forgotten.
const MOST: usize = 8_192;
/// Longest value that is kept.
const LONGEST: usize = 256;
/// Values after which it is seen whether keeping them pays.
const TRIAL: u32 = 2_048;
/// Values that are then passed over before the next trial, if it does not.
const PAUSE: u32 = 32 * TRIAL;

/// Values of one column, with what was found in each.
#[derive(Debug)]
pub(super) struct Values<T> {
    known: HashMap<Box<str>, usize, foldhash::fast::RandomState>,
    found: Vec<T>,
    asked: u32,
    answered: u32,
    /// Values that are still to be passed over.
    pause: u32,
}

/// What is known of a value.
pub(super) enum Kept<'a, T> {
    /// What was found in it.
    Known(&'a T),
    /// Nothing yet.
    New(Slot<'a, T>),
    /// Nothing, and it is not to be kept.
    Off,
}

/// Where what is found in a value is kept.
pub(super) struct Slot<'a, T>(&'a mut Values<T>);

impl<T> Slot<'_, T> {
    pub(super) fn keep(self, text: &str, found: T) {
        if self.0.found.len() >= MOST {
            self.0.forget();
        }
        self.0.known.insert(text.into(), self.0.found.len());
        self.0.found.push(found);
    }
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self { known: HashMap::default(), found: Vec::new(), asked: 0, answered: 0, pause: 0 }
    }
}

impl<T> Values<T> {
    fn forget(&mut self) {
        self.known = HashMap::default();
        self.found = Vec::new();
    }

    /// What is known of a value.
    pub(super) fn get(&mut self, text: &str) -> Kept<'_, T> {
        if self.pause > 0 {
            self.pause -= 1;
            return Kept::Off;
        }
        if text.len() > LONGEST {
            return Kept::Off;
        }
        self.asked += 1;
        if self.asked == TRIAL {
            self.judge();
        }
        match self.known.get(text) {
            Some(known) => {
                self.answered += 1;
                Kept::Known(&self.found[*known])
            }
            None => Kept::New(Slot(self)),
        }
    }

    /// Looking a value up costs about as much as searching it where two of three are new.
    fn judge(&mut self) {
        if self.answered < self.asked / 3 {
            self.forget();
            self.pause = PAUSE;
        }
        (self.asked, self.answered) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known(values: &mut Values<usize>, text: &str) -> bool {
        match values.get(text) {
            Kept::Known(length) => *length == text.len(),
            Kept::New(slot) => {
                slot.keep(text, text.len());
                false
            }
            Kept::Off => false,
        }
    }

    #[test]
    fn what_comes_again_is_known_and_memory_is_bounded() {
        let mut values = Values::default();
        assert!(!is_known(&mut values, "a"));
        assert!(is_known(&mut values, "a"));
        assert!(!is_known(&mut values, &"x".repeat(LONGEST + 1)));
        let mut fullest = 0;
        for number in 0..3 * MOST {
            // Each value twice, so that keeping them pays.
            is_known(&mut values, &number.to_string());
            is_known(&mut values, &number.to_string());
            fullest = fullest.max(values.found.len());
        }
        assert_eq!(fullest, MOST);
    }

    #[test]
    fn columns_of_ever_new_values_are_left_alone_and_tried_again() {
        let mut values = Values::default();
        for number in 0..TRIAL {
            is_known(&mut values, &number.to_string());
        }
        assert!(values.known.len() <= 1 && !is_known(&mut values, "1"));
        for _ in 0..PAUSE {
            is_known(&mut values, "same");
        }
        assert!(is_known(&mut values, "same") || is_known(&mut values, "same"));
    }
}
