//! `Table` output: what `kubectl get` prints.
