//! What plugins remember between the extension points of one cycle.

use std::any::Any;

trait Data: Any + Send + Sync {
    fn clone_box(&self) -> Box<dyn Data>;
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<T: Any + Clone + Send + Sync> Data for T {
    fn clone_box(&self) -> Box<dyn Data> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Values by type: a plugin keeps its own in a type of its own. Cloned when a plugin asks "what if".
#[derive(Default)]
pub struct CycleState {
    values: Vec<Box<dyn Data>>,
    skipped_filters: Vec<&'static str>,
    skipped_scores: Vec<&'static str>,
}

impl Clone for CycleState {
    fn clone(&self) -> Self {
        Self {
            // Through the box: `Box<dyn Data>` itself is data, too.
            values: self.values.iter().map(|value| (**value).clone_box()).collect(),
            skipped_filters: self.skipped_filters.clone(),
            skipped_scores: self.skipped_scores.clone(),
        }
    }
}

impl std::fmt::Debug for CycleState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CycleState").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

impl CycleState {
    /// Keeps a value; replaces one of the same type.
    pub fn write<T: Any + Clone + Send + Sync>(&mut self, value: T) {
        match self.get_mut::<T>() {
            Some(old) => *old = value,
            None => self.values.push(Box::new(value)),
        }
    }

    /// The value of a type.
    pub fn get<T: Any + Clone + Send + Sync>(&self) -> Option<&T> {
        self.values.iter().find_map(|value| (**value).as_any().downcast_ref())
    }

    /// The value of a type, to change.
    pub fn get_mut<T: Any + Clone + Send + Sync>(&mut self) -> Option<&mut T> {
        self.values.iter_mut().find_map(|value| (**value).as_any_mut().downcast_mut())
    }

    pub(crate) fn skip_filter(&mut self, plugin: &'static str) {
        self.skipped_filters.push(plugin);
    }

    pub(crate) fn skip_score(&mut self, plugin: &'static str) {
        self.skipped_scores.push(plugin);
    }

    pub(crate) fn skips_filter(&self, plugin: &str) -> bool {
        self.skipped_filters.contains(&plugin)
    }

    pub(crate) fn skips_score(&self, plugin: &str) -> bool {
        self.skipped_scores.contains(&plugin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_type_and_cloned_apart() {
        let mut state = CycleState::default();
        state.write(7u32);
        state.write("text");
        state.write(8u32);
        let mut other = state.clone();
        *other.get_mut::<u32>().unwrap() = 9;
        assert_eq!((state.get::<u32>(), other.get::<u32>(), state.get::<&str>()), (Some(&8), Some(&9), Some(&"text")));
        assert_eq!(state.get::<u64>(), None);
    }
}
