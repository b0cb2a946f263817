//! What was found in values that come again and again, such as paths of programs and names of users.

use std::collections::HashMap;

/// Values after which it is seen whether keeping them pays.
const TRIAL: u32 = 2_048;
/// Values that are then passed over before the next trial, if it does not; twice as many after each trial that fails
/// again, up to the second figure.
const PAUSE: u32 = 32 * TRIAL;
const LONGEST_PAUSE: u32 = 16 * PAUSE;

/// Values of one column, with what was found in each.
#[derive(Debug)]
pub(super) struct Values<T> {
    /// Most values that are kept; then all are forgotten.
    most: usize,
    /// The longest value that is kept, in bytes.
    longest: usize,
    known: HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
    found: Vec<T>,
    asked: u32,
    answered: u32,
    /// Values that are still to be passed over, and those of the next pause.
    pause: u32,
    next_pause: u32,
}

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// The place of what was found in it.
    Known(u32),
    /// Nothing yet.
    New,
    /// Nothing, and it is not to be kept.
    Off,
}

impl<T> Values<T> {
    /// Keeps at most so many values of at most so many bytes.
    pub(super) fn new(most: usize, longest: usize) -> Self {
        Self {
            most,
            longest,
            known: HashMap::default(),
            found: Vec::new(),
            asked: 0,
            answered: 0,
            pause: 0,
            next_pause: PAUSE,
        }
    }

    /// What is known of a value.
    pub(super) fn get(&mut self, text: &[u8]) -> Kept {
        if self.pause > 0 {
            self.pause -= 1;
            return Kept::Off;
        }
        if text.len() > self.longest {
            return Kept::Off;
        }
        self.asked += 1;
        match self.known.get(text) {
            Some(place) => {
                self.answered += 1;
                Kept::Known(*place)
            }
            None if self.found.len() >= self.most => Kept::Off,
            None => Kept::New,
        }
    }

    /// Keeps what was found in a new value, and gives its place.
    pub(super) fn keep(&mut self, text: &[u8], found: T) -> u32 {
        let place = self.found.len() as u32;
        self.known.insert(text.into(), place);
        self.found.push(found);
        place
    }

    /// What was found in the value of a place.
    pub(super) fn of(&mut self, place: u32) -> &mut T {
        &mut self.found[place as usize]
    }

    /// Forgets what is too much, or is not asked for often enough. True if it has: places that were given before mean
    /// nothing then.
    pub(super) fn tidy(&mut self) -> bool {
        let mut forgets = self.found.len() >= self.most;
        if self.asked >= TRIAL {
            // Looking a value up costs about as much as searching it where two of three are new.
            if self.answered < self.asked / 3 {
                forgets = true;
                self.pause = self.next_pause;
                self.next_pause = (2 * self.pause).min(LONGEST_PAUSE);
            } else {
                self.next_pause = PAUSE;
            }
            (self.asked, self.answered) = (0, 0);
        }
        if forgets {
            self.forget();
        }
        forgets
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        self.known = HashMap::default();
        self.found = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 8_192;

    fn values() -> Values<usize> {
        Values::new(MOST, 256)
    }

    fn is_known(values: &mut Values<usize>, text: &str) -> bool {
        values.tidy();
        match values.get(text.as_bytes()) {
            Kept::Known(place) => *values.of(place) == text.len(),
            Kept::New => {
                values.keep(text.as_bytes(), text.len());
                false
            }
            Kept::Off => false,
        }
    }

    #[test]
    fn what_comes_again_is_known_and_memory_is_bounded() {
        let mut values = values();
        assert!(!is_known(&mut values, "a"));
        assert!(is_known(&mut values, "a"));
        assert!(!is_known(&mut values, &"x".repeat(257)));
        let mut fullest = 0;
        for number in 0..3 * MOST {
            // Each value twice, so that keeping them pays.
            is_known(&mut values, &number.to_string());
            fullest = fullest.max(values.found.len());
            is_known(&mut values, &number.to_string());
        }
        assert_eq!(fullest, MOST);
    }

    #[test]
    fn columns_of_ever_new_values_are_left_alone_and_tried_again() {
        let mut values = values();
        for number in 0..=TRIAL {
            is_known(&mut values, &number.to_string());
        }
        assert!(values.known.is_empty() && !is_known(&mut values, "1"));
        for _ in 0..PAUSE {
            is_known(&mut values, "same");
        }
        assert!(is_known(&mut values, "same") || is_known(&mut values, "same"));
    }

    #[test]
    fn between_two_times_of_tidying_places_stay_what_they_are() {
        let mut values = Values::new(2, 256);
        assert_eq!((values.get(b"a"), values.keep(b"a", 1)), (Kept::New, 0));
        assert_eq!((values.get(b"b"), values.keep(b"b", 2)), (Kept::New, 1));
        assert_eq!((values.get(b"c"), *values.of(0)), (Kept::Off, 1));
        assert!(values.tidy());
        assert_eq!((values.get(b"c"), values.keep(b"c", 3), *values.of(0)), (Kept::New, 0, 3));
    }
}
