//! What representation a client wants.
//!
//! Source: Kubernetes API concepts, "Resource representations" and "Receiving resources as Tables".

use pintle_object_model::{Format, Status};

use super::{JSON, PROTOBUF, YAML};

const KEYS: &str = "application/jwk-set+json";

/// A transformation of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// The objects themselves.
    Objects,
    /// A `Table` with the columns that `kubectl get` prints.
    Table,
    /// Metadata of one object.
    PartialMetadata,
    /// Metadata of each object of a list.
    PartialMetadataList,
    /// Discovery in the aggregated form.
    Discovery,
}

/// The representation that was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// Encoding.
    pub format: Format,
    /// Transformation.
    pub as_: As,
    /// Tables and metadata are wanted in their older version, `meta.k8s.io/v1beta1`.
    pub beta: bool,
    /// The body may be compressed.
    pub gzip: bool,
}

impl Default for Accept {
    fn default() -> Self {
        Self { format: Format::Json, as_: As::Objects, beta: false, gzip: false }
    }
}

/// What is asked for: each has transformations and media types of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One object, or whatever a write answers with.
    Object,
    /// Objects of a collection.
    List,
    /// Changes of a collection.
    Watch,
    /// Groups, versions and resources.
    Discovery,
    /// The version of the server, which is JSON.
    Version,
    /// The keys that verify tokens, which have a media type of their own.
    Keys,
    /// Documents that are what they are.
    Other,
}

impl Subject {
    /// What the route offers, as refusals list it.
    fn offers(self) -> String {
        match self {
            Self::Version => JSON.to_owned(),
            Self::Keys => KEYS.to_owned(),
            Self::List | Self::Watch => format!("{JSON}, {YAML}, {PROTOBUF}, {}", streams()),
            Self::Object | Self::Discovery | Self::Other => format!("{JSON}, {YAML}, {PROTOBUF}"),
        }
    }

    /// Is this transformation to be had, in this encoding?
    fn allows(self, as_: As, format: Format) -> bool {
        match as_ {
            As::Objects => true,
            // Cells are of any JSON type, which protobuf cannot say.
            As::Table => matches!(self, Self::Object | Self::List | Self::Watch) && format != Format::Protobuf,
            As::PartialMetadata | As::PartialMetadataList => {
                matches!(self, Self::Object | Self::List | Self::Watch)
            }
            As::Discovery => self == Self::Discovery,
        }
    }
}

fn streams() -> String {
    format!("{JSON};stream=watch, {PROTOBUF};stream=watch")
}

fn not_acceptable(message: String) -> Status {
    Status::failure(406, "NotAcceptable", message)
}

/// 406 for an encoding in which changes cannot be framed.
pub(super) fn not_framed() -> Status {
    not_acceptable(format!("only the following media types are accepted: {}", streams()))
}

/// One clause of an `Accept` header.
struct Clause {
    quality: u32,
    exact: bool,
    accept: Accept,
}

impl Accept {
    /// Chooses from an `Accept` header; an empty one takes JSON.
    ///
    /// # Errors
    /// 406 if nothing that is asked for can be had, and the encoding in which to say so.
    pub fn negotiate(header: &str, encodings: &str, subject: Subject) -> Result<Self, (Status, Self)> {
        let gzip = encodings.split(',').any(|encoding| encoding.trim().split(';').next() == Some("gzip"));
        let plain = Self { gzip, ..Self::default() };
        if header.trim().is_empty() || subject == Subject::Other {
            return Ok(plain);
        }
        let types = || header.split(',').map(|clause| clause.split(';').next().unwrap_or_default().trim());
        // Routes know whole media types only, so a wildcard subtype alone leads nowhere.
        let routed = types().any(|media| match media {
            "*/*" => true,
            KEYS => subject == Subject::Keys,
            JSON => subject != Subject::Keys,
            YAML | PROTOBUF => !matches!(subject, Subject::Version | Subject::Keys),
            _ => false,
        });
        if !routed {
            let mut status =
                not_acceptable(format!("406: Not Acceptable\n\nAvailable representations: {}", subject.offers()));
            status.details = Some(Box::default());
            let format = types().find_map(format_of).unwrap_or(Format::Json);
            return Err((status, Self { format, ..plain }));
        }
        if subject == Subject::Keys {
            return Ok(plain);
        }
        let mut clauses: Vec<Clause> =
            header.split(',').filter_map(|clause| Clause::parse(clause, subject, gzip)).collect();
        // The highest quality first, among equals whole media types before wildcards.
        clauses.sort_by_key(|clause| std::cmp::Reverse((clause.quality, clause.exact)));
        clauses.first().map(|clause| clause.accept).ok_or_else(|| {
            (not_acceptable(format!("only the following media types are accepted: {JSON}, {YAML}, {PROTOBUF}")), plain)
        })
    }

    /// `meta.k8s.io` at the version that was asked for.
    pub(super) fn meta_version(&self) -> &'static str {
        if self.beta { "meta.k8s.io/v1beta1" } else { "meta.k8s.io/v1" }
    }

    /// The media type of the encoding.
    pub fn media_type(&self) -> &'static str {
        match self.format {
            Format::Json => JSON,
            Format::Yaml => YAML,
            Format::Protobuf => PROTOBUF,
        }
    }
}

fn format_of(media_type: &str) -> Option<Format> {
    match media_type {
        JSON | "*/*" | "application/*" => Some(Format::Json),
        YAML => Some(Format::Yaml),
        PROTOBUF => Some(Format::Protobuf),
        _ => None,
    }
}

impl Clause {
    /// `None` for what cannot be had.
    fn parse(text: &str, subject: Subject, gzip: bool) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let format = format_of(media_type)?;
        let (mut kind, mut group, mut version, mut quality) = ("", "", "", 1000);
        for parameter in parts {
            match parameter.split_once('=') {
                Some(("as", value)) => kind = value,
                Some(("g", value)) => group = value,
                Some(("v", value)) => version = value,
                Some(("q", value)) => {
                    quality = value.parse::<f32>().map_or(1000, |quality| (quality.clamp(0.0, 1.0) * 1000.0) as u32);
                }
                Some(("stream", value)) if value != "watch" => return None,
                _ => {}
            }
        }
        let as_ = match (kind, group, version) {
            ("", ..) => As::Objects,
            ("Table", "meta.k8s.io", "v1" | "v1beta1") => As::Table,
            ("PartialObjectMetadata", "meta.k8s.io", "v1" | "v1beta1") => As::PartialMetadata,
            ("PartialObjectMetadataList", "meta.k8s.io", "v1" | "v1beta1") => As::PartialMetadataList,
            ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => As::Discovery,
            _ => return None,
        };
        if quality == 0 || !subject.allows(as_, format) {
            return None;
        }
        let accept = Accept { format, as_, beta: version == "v1beta1", gzip };
        Some(Self { quality, exact: !media_type.ends_with('*'), accept })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(header: &str, subject: Subject) -> Result<Accept, String> {
        Accept::negotiate(header, "", subject).map_err(|(status, _)| status.message)
    }

    #[test]
    fn the_first_of_the_best_that_is_known_is_taken() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        let got = Accept::negotiate(table, "gzip", Subject::List).unwrap();
        assert_eq!(got, Accept { as_: As::Table, gzip: true, ..Accept::default() });
        assert_eq!(chosen(table, Subject::Discovery), Ok(Accept::default()));
        assert_eq!(chosen("text/html,application/yaml", Subject::Object).unwrap().format, Format::Yaml);
        let weighed = "application/json;q=0.5,application/vnd.kubernetes.protobuf";
        assert_eq!(chosen(weighed, Subject::Object).unwrap().format, Format::Protobuf);
        assert_eq!(chosen("*/*,application/yaml", Subject::Object).unwrap().format, Format::Yaml);
        assert_eq!(chosen("", Subject::Object), Ok(Accept::default()));
        assert_eq!(chosen("text/html", Subject::Other), Ok(Accept::default()));
    }

    #[test]
    fn refusals_say_what_there_is() {
        let none = "406: Not Acceptable\n\nAvailable representations: application/json";
        assert_eq!(chosen("application/yaml", Subject::Version).unwrap_err(), none);
        assert!(chosen("text/html", Subject::List).unwrap_err().ends_with("protobuf;stream=watch"));
        for form in ["as=Table;v=v2;g=meta.k8s.io", "as=Table;v=v1;g=x", "as=Table", "as=X;v=v1;g=meta.k8s.io"] {
            let refused = chosen(&format!("application/json;{form}"), Subject::Object).unwrap_err();
            assert!(refused.starts_with("only the following"), "{form}: {refused}");
        }
    }
}
