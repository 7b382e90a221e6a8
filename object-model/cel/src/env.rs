//! What expressions may refer to: variables and types.
//!
//! In: declarations. Out: [`Program`]s. Elsewhere: functions, which are the same in every environment (`library`).

use std::collections::BTreeMap;
use std::thread;

use crate::check::Checker;
use crate::errors::{CompileErrors, Source};
use crate::estimate::estimate;
use crate::literals;
use crate::parse::parse;
use crate::program::Program;
use crate::ty::{ObjectType, Type};

/// What compiles is recursive in ways that are not ours to bound, so it gets a stack of its own. Only what is used of it
/// takes memory.
const STACK_BYTES: usize = 128 << 20;

/// The declarations that expressions are compiled against. Cheap to clone beside a compilation.
#[derive(Clone, Debug, Default)]
pub struct Env {
    variables: BTreeMap<String, Type>,
    types: BTreeMap<String, Type>,
    mutation: bool,
}

impl Env {
    /// An environment without variables.
    pub fn new() -> Env {
        Env::default()
    }

    /// Adds a variable. Its name may have dots, as `authorizer.requestResource` has.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, ty: Type) -> Env {
        self.variables.insert(name.into(), ty);
        self
    }

    /// Adds an object type that expressions may build by its name.
    #[must_use]
    pub fn with_type(mut self, ty: ObjectType) -> Env {
        self.types.insert(ty.name.clone(), Type::Object(ty.into()));
        self
    }

    /// Adds what mutations build: `Object{..}` with the types of its fields, and `JSONPatch{..}`.
    #[must_use]
    pub fn with_mutation_types(mut self) -> Env {
        self.mutation = true;
        self.with_type(crate::mutation::json_patch_type())
    }

    /// Reads and checks an expression.
    ///
    /// # Errors
    /// All that is wrong with it, worded as cel-go words it.
    pub fn compile(&self, source: &str) -> Result<Program, CompileErrors> {
        let source = Source::new(source);
        let answer = thread::scope(|scope| {
            let worker = thread::Builder::new().name("cel-compile".into()).stack_size(STACK_BYTES);
            let handle = worker.spawn_scoped(scope, || self.compile_here(&source));
            handle.ok().and_then(|handle| handle.join().ok())
        });
        answer.unwrap_or_else(|| Err(CompileErrors::one(&source, 0, "the expression could not be compiled")))
    }

    fn compile_here(&self, source: &Source) -> Result<Program, CompileErrors> {
        let (mut expr, nodes) = parse(source)?;
        let mut checker = Checker::new(self, nodes);
        let result = checker.run(&mut expr);
        let Checker { types, mut problems, references, .. } = checker;
        if problems.is_empty() {
            literals::check(&mut expr, &types, &mut problems);
        }
        if !problems.is_empty() {
            return Err(CompileErrors::new(source, problems));
        }
        let estimate = estimate(&expr, &types);
        Ok(Program::new(expr, result, estimate, references))
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&Type> {
        self.variables.get(name.strip_prefix('.').unwrap_or(name))
    }

    pub(crate) fn type_named(&self, name: &str) -> Option<Type> {
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some(ty) = self.types.get(name) {
            return Some(ty.clone());
        }
        if self.mutation && crate::mutation::is_object_name(name) {
            return Some(Type::Object(crate::mutation::object_type(name).into()));
        }
        if let Some(simple) = Type::simple(name) {
            return Some(simple);
        }
        Some(match name {
            "null_type" => Type::Null,
            "list" => Type::list(Type::Dyn),
            "map" => Type::map(Type::Dyn, Type::Dyn),
            "type" => Type::Type(Type::Dyn.into()),
            "optional_type" => Type::optional(Type::Dyn),
            "google.protobuf.Timestamp" => Type::Timestamp,
            "google.protobuf.Duration" => Type::Duration,
            "net.IP" => Type::Opaque("net.IP"),
            "net.CIDR" => Type::Opaque("net.CIDR"),
            "kubernetes.URL" => Type::Opaque("kubernetes.URL"),
            "kubernetes.Quantity" => Type::Opaque("kubernetes.Quantity"),
            "kubernetes.Semver" => Type::Opaque("kubernetes.Semver"),
            _ => return None,
        })
    }

    /// The functions of patches are there only where patches are.
    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.mutation || !name.starts_with("jsonpatch.")
    }
}
