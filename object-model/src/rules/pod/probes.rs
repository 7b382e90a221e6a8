//! Probes and life cycle hooks.

use super::Context;
use crate::api::core::v1::{
    ExecAction, GRPCAction, HTTPGetAction, Lifecycle, LifecycleHandler, Probe, SleepAction, TCPSocketAction,
};
use crate::validation::{FieldErrors, Path};
use crate::{IntOrString, names};

/// What a probe or a hook does; at most one of them may be there.
#[derive(Default)]
struct Handler<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_socket: Option<&'a TCPSocketAction>,
    grpc: Option<&'a GRPCAction>,
    sleep: Option<&'a SleepAction>,
}

/// The number or name of a port.
pub(super) fn validate_port(errors: &mut FieldErrors, port: &IntOrString, path: &Path) {
    errors.invalid_each(path, port, crate::rules::pod_defaults::port_problem(port));
}

fn validate_handler(errors: &mut FieldErrors, handler: &Handler<'_>, context: &Context<'_>, path: &Path) {
    let mut seen = false;
    // The first counts; what is inside the others does not matter any more.
    let mut first = |errors: &mut FieldErrors, name: &str| {
        let at = path.child(name);
        if std::mem::replace(&mut seen, true) {
            errors.forbidden(&at, "may not specify more than 1 handler type");
            return None;
        }
        Some(at)
    };
    if let Some(exec) = handler.exec
        && let Some(at) = first(errors, "exec")
        && exec.command.is_empty()
    {
        errors.required(&at.child("command"), "");
    }
    if let Some(http) = handler.http_get
        && let Some(at) = first(errors, "httpGet")
    {
        errors.present(&at.child("path"), &http.path);
        validate_port(errors, &http.port, &at.child("port"));
        errors.one_of(&at.child("scheme"), &http.scheme, &["HTTP", "HTTPS"]);
        for header in &http.http_headers {
            errors.invalid_each(&at.child("httpHeaders"), &header.name, names::http_header(&header.name));
        }
    }
    if let Some(tcp) = handler.tcp_socket
        && let Some(at) = first(errors, "tcpSocket")
    {
        validate_port(errors, &tcp.port, &at.child("port"));
    }
    if let Some(grpc) = handler.grpc
        && let Some(at) = first(errors, "grpc")
    {
        validate_port(errors, &IntOrString::Int(grpc.port), &at.child("port"));
    }
    if let Some(sleep) = handler.sleep
        && let Some(at) = first(errors, "sleep")
        && !(0..=context.grace_seconds).contains(&sleep.seconds)
    {
        let grace = context.grace_seconds;
        errors.invalid(
            &at,
            sleep.seconds,
            format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})"),
        );
    }
    if !seen {
        errors.required(path, "must specify a handler type");
    }
}

fn validate_probe(errors: &mut FieldErrors, probe: &Probe, context: &Context<'_>, path: &Path) {
    let handler = Handler {
        exec: probe.exec.as_deref(),
        http_get: probe.http_get.as_deref(),
        tcp_socket: probe.tcp_socket.as_deref(),
        grpc: probe.grpc.as_deref(),
        sleep: None,
    };
    validate_handler(errors, &handler, context, path);
    for (name, value) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        errors.not_negative(&path.child(name), i64::from(value));
    }
    if let Some(seconds) = probe.termination_grace_period_seconds.filter(|seconds| *seconds <= 0) {
        errors.invalid(&path.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0");
    }
}

/// The three probes of a container.
pub(super) fn validate_probes(
    errors: &mut FieldErrors,
    [liveness, readiness, startup]: [Option<&Probe>; 3],
    context: &Context<'_>,
    path: &Path,
) {
    for (name, probe) in [("livenessProbe", liveness), ("startupProbe", startup)] {
        let Some(probe) = probe else { continue };
        let at = path.child(name);
        validate_probe(errors, probe, context, &at);
        if probe.success_threshold != 1 {
            errors.invalid(&at.child("successThreshold"), probe.success_threshold, "must be 1");
        }
    }
    if let Some(probe) = readiness {
        let at = path.child("readinessProbe");
        validate_probe(errors, probe, context, &at);
        if let Some(seconds) = probe.termination_grace_period_seconds {
            errors.invalid(&at.child("terminationGracePeriodSeconds"), seconds, "must not be set for readinessProbes");
        }
    }
}

pub(super) fn validate_lifecycle(errors: &mut FieldErrors, lifecycle: &Lifecycle, context: &Context<'_>, path: &Path) {
    let handler = |hook: &LifecycleHandler, at: Path, errors: &mut FieldErrors| {
        let handler = Handler {
            exec: hook.exec.as_deref(),
            http_get: hook.http_get.as_deref(),
            tcp_socket: hook.tcp_socket.as_deref(),
            grpc: None,
            sleep: hook.sleep.as_deref(),
        };
        validate_handler(errors, &handler, context, &at);
    };
    if let Some(hook) = &lifecycle.post_start {
        handler(hook, path.child("postStart"), errors);
    }
    if let Some(hook) = &lifecycle.pre_stop {
        handler(hook, path.child("preStop"), errors);
    }
    if lifecycle.stop_signal.is_some() && context.os.is_empty() {
        errors.forbidden(&path.child("stopSignal"), "may not be set for containers with empty `spec.os.name`");
    }
}
