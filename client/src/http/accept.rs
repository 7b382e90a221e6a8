//! What representation a client wants.
//!
//! Source: Kubernetes API concepts, "Resource representations" and "Receiving resources as Tables".

use pintle_object_model::{Format, Status};

use super::{JSON, PROTOBUF, YAML};

/// A transformation of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// The objects themselves.
    Objects,
    /// A `Table` with the columns that `kubectl get` prints.
    Table,
    /// Metadata only.
    PartialMetadata,
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
    /// The body may be compressed.
    pub gzip: bool,
}

impl Default for Accept {
    fn default() -> Self {
        Self { format: Format::Json, as_: As::Objects, gzip: false }
    }
}

impl Accept {
    /// Chooses from an `Accept` header; an empty one takes JSON.
    ///
    /// # Errors
    /// 406 if nothing that is asked for can be had.
    pub fn negotiate(header: &str, encodings: &str) -> Result<Self, Status> {
        let gzip = encodings.split(',').any(|encoding| encoding.trim().split(';').next() == Some("gzip"));
        if header.trim().is_empty() {
            return Ok(Self { gzip, ..Self::default() });
        }
        let mut options: Vec<(u32, Self)> = vec![];
        for clause in header.split(',') {
            let mut parts = clause.split(';').map(str::trim);
            let format = match parts.next().unwrap_or_default() {
                JSON | "*/*" | "application/*" => Format::Json,
                YAML => Format::Yaml,
                PROTOBUF => Format::Protobuf,
                _ => continue,
            };
            let (mut as_, mut known, mut quality) = (As::Objects, true, 1000);
            for parameter in parts {
                match parameter.split_once('=') {
                    Some(("as", "Table")) => as_ = As::Table,
                    Some(("as", "PartialObjectMetadata" | "PartialObjectMetadataList")) => as_ = As::PartialMetadata,
                    Some(("as", "APIGroupDiscoveryList")) => as_ = As::Discovery,
                    Some(("as", _)) => known = false,
                    Some(("v", "v1" | "v2")) | Some(("g", _)) => {}
                    Some(("v", _)) => known = false,
                    Some(("q", value)) => {
                        quality = value.parse::<f32>().map_or(0, |quality| (quality.clamp(0.0, 1.0) * 1000.0) as u32);
                    }
                    _ => {}
                }
            }
            if known && quality > 0 {
                options.push((quality, Self { format, as_, gzip }));
            }
        }
        // The highest quality wins, the first among equals.
        let best = options.iter().map(|(quality, _)| *quality).max();
        options.into_iter().find(|(quality, _)| Some(*quality) == best).map(|(_, accept)| accept).ok_or_else(|| {
            Status::failure(
                406,
                "NotAcceptable",
                format!("only the following media types are accepted: {JSON}, {YAML}, {PROTOBUF}"),
            )
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_best_that_is_known_is_taken() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(
            Accept::negotiate(table, "gzip").unwrap(),
            Accept { format: Format::Json, as_: As::Table, gzip: true }
        );
        assert_eq!(Accept::negotiate("text/html,application/yaml", "").unwrap().format, Format::Yaml);
        assert_eq!(
            Accept::negotiate("application/json;q=0.5,application/vnd.kubernetes.protobuf", "").unwrap().format,
            Format::Protobuf
        );
        assert_eq!(Accept::negotiate("text/html", "").unwrap_err().code, 406);
        assert_eq!(Accept::negotiate("", "").unwrap(), Accept::default());
    }
}
