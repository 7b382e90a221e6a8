//! The values of variables during one evaluation.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::budget::Budget;
use crate::errors::EvalError;
use crate::program::Program;
use crate::value::{Fields, Object, Value};

/// The values of the variables.
#[derive(Clone, Debug, Default)]
pub struct Activation<'a> {
    variables: BTreeMap<String, Value<'a>>,
}

impl<'a> Activation<'a> {
    /// Without variables.
    pub fn new() -> Activation<'a> {
        Activation::default()
    }

    /// Adds or replaces a variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value<'a>>) -> Activation<'a> {
        self.bind(name, value);
        self
    }

    /// Adds or replaces a variable.
    pub fn bind(&mut self, name: impl Into<String>, value: impl Into<Value<'a>>) {
        self.variables.insert(name.into(), value.into());
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.variables.get(name.strip_prefix('.').unwrap_or(name))
    }

    /// This activation with an object `name` whose fields are programs, each evaluated when it is first asked for and
    /// then remembered, as the `variables` of a policy are. A program sees the fields too.
    #[must_use]
    pub fn with_lazy<'p: 'a>(
        self,
        name: &str,
        programs: impl IntoIterator<Item = (String, &'p Program)>,
    ) -> Activation<'a> {
        let cells = programs.into_iter().map(|(name, program)| (name, (program, Mutex::new(None)))).collect();
        let fields =
            Arc::new(LazyFields { name: name.to_owned(), activation: self.clone(), cells, depth: AtomicU32::new(0) });
        self.with(name, Value::Object(Object::Lazy(Arc::new(Handle(fields)))))
    }
}

type Cells<'p, 'a> = BTreeMap<String, (&'p Program, Mutex<Option<Result<Value<'a>, EvalError>>>)>;

struct LazyFields<'p, 'a> {
    name: String,
    activation: Activation<'a>,
    cells: Cells<'p, 'a>,
    depth: AtomicU32,
}

struct Handle<'p, 'a>(Arc<LazyFields<'p, 'a>>);

/// Variables that refer to each other nest; declarations allow only earlier ones, so this is never met by a checked set.
const LAZY_DEPTH_MAX: u32 = 32;

impl fmt::Debug for Handle<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.cells.keys()).finish()
    }
}

impl<'p: 'a, 'a> Fields<'a> for Handle<'p, 'a> {
    fn type_name(&self) -> &str {
        "kubernetes.variables"
    }

    fn field(&self, name: &str, budget: &mut Budget) -> Result<Option<Value<'a>>, EvalError> {
        let all = &self.0;
        let Some((program, cell)) = all.cells.get(name) else { return Ok(None) };
        if let Some(known) = cell.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return known.clone().map(Some);
        }
        if all.depth.fetch_add(1, Ordering::Relaxed) >= LAZY_DEPTH_MAX {
            all.depth.fetch_sub(1, Ordering::Relaxed);
            return Err(EvalError::failed("variables refer to each other too deeply"));
        }
        let again: Arc<dyn Fields<'a> + 'a> = Arc::new(Handle(Arc::clone(all)));
        let activation = all.activation.clone().with(all.name.as_str(), Value::Object(Object::Lazy(again)));
        // Nothing is locked meanwhile: the program may ask for this very field.
        let outcome = program.eval(&activation, budget);
        all.depth.fetch_sub(1, Ordering::Relaxed);
        *cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
        outcome.map(Some)
    }
}
