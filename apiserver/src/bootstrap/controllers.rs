//! The rules of the default roles, of controllers, components, nodes, leaders and onlookers: tables of facts.
//!
//! Source: Kubernetes reference, "Using RBAC Authorization", roles for built-in controllers.

/// Verbs, API groups, resources; separated by commas. `leases=NAME` is about the one of this name.
pub(super) type Row = (&'static str, &'static str, &'static str);

const READ: &str = "get,list,watch";
const EVENTS: Row = ("create,patch,update", ",events.k8s.io", "events");
const APPS: &str = "apps,extensions";

/// What each controller may do, by the name of its service account in `kube-system`.
pub(super) const CONTROLLERS: &[(&str, &[Row])] = &[
    (
        "attachdetach-controller",
        &[
            ("list,watch", "", "persistentvolumeclaims,persistentvolumes"),
            (READ, "", "nodes"),
            ("patch,update", "", "nodes/status"),
            ("list,watch", "", "pods"),
            EVENTS,
            ("create,delete,get,list,watch", "storage.k8s.io", "volumeattachments"),
            (READ, "storage.k8s.io", "csidrivers,csinodes"),
        ],
    ),
    (
        "certificate-controller",
        &[
            ("delete,get,list,watch", "certificates.k8s.io", "certificatesigningrequests"),
            ("update", "certificates.k8s.io", "certificatesigningrequests/approval,certificatesigningrequests/status"),
            ("create", "authorization.k8s.io", "subjectaccessreviews"),
            EVENTS,
        ],
    ),
    (
        "clusterrole-aggregation-controller",
        &[("escalate,get,list,patch,update,watch", "rbac.authorization.k8s.io", "clusterroles")],
    ),
    (
        "cronjob-controller",
        &[
            ("get,list,update,watch", "batch", "cronjobs"),
            ("create,delete,get,list,patch,update,watch", "batch", "jobs"),
            ("update", "batch", "cronjobs/status"),
            ("update", "batch", "cronjobs/finalizers"),
            ("delete,list", "", "pods"),
            EVENTS,
        ],
    ),
    (
        "daemon-set-controller",
        &[
            (READ, APPS, "daemonsets"),
            ("update", APPS, "daemonsets/status"),
            ("update", APPS, "daemonsets/finalizers"),
            ("list,watch", "", "nodes"),
            ("create,delete,list,patch,watch", "", "pods"),
            ("create", "", "pods/binding"),
            ("create,delete,get,list,patch,update,watch", "apps", "controllerrevisions"),
            EVENTS,
        ],
    ),
    (
        "deployment-controller",
        &[
            ("get,list,update,watch", APPS, "deployments"),
            ("update", APPS, "deployments/status"),
            ("update", APPS, "deployments/finalizers"),
            ("create,delete,get,list,patch,update,watch", APPS, "replicasets"),
            ("get,list,update,watch", "", "pods"),
            EVENTS,
        ],
    ),
    (
        "device-taint-eviction-controller",
        &[
            ("delete,get,list,watch", "", "pods"),
            ("patch", "", "pods/status"),
            (READ, "resource.k8s.io", "deviceclasses,devicetaintrules,resourceclaims,resourceslices"),
            EVENTS,
        ],
    ),
    (
        "disruption-controller",
        &[
            (READ, APPS, "deployments"),
            (READ, APPS, "replicasets"),
            (READ, "", "replicationcontrollers"),
            (READ, "policy", "poddisruptionbudgets"),
            (READ, "apps", "statefulsets"),
            ("update", "policy", "poddisruptionbudgets/status"),
            ("patch,update", "", "pods/status"),
            ("get", "*", "*/scale"),
            EVENTS,
        ],
    ),
    (
        "endpoint-controller",
        &[
            (READ, "", "pods,services"),
            ("create,delete,get,list,update", "", "endpoints"),
            ("create", "", "endpoints/restricted"),
            EVENTS,
        ],
    ),
    (
        "endpointslice-controller",
        &[
            (READ, "", "nodes,pods,services"),
            ("update", "", "services/finalizers"),
            ("create,delete,get,list,update", "discovery.k8s.io", "endpointslices"),
            EVENTS,
        ],
    ),
    (
        "endpointslicemirroring-controller",
        &[
            (READ, "", "endpoints,services"),
            ("update", "", "services/finalizers"),
            ("update", "", "endpoints/finalizers"),
            ("create,delete,get,list,update", "discovery.k8s.io", "endpointslices"),
            EVENTS,
        ],
    ),
    (
        "ephemeral-volume-controller",
        &[
            ("update", "", "pods/finalizers"),
            (READ, "", "pods"),
            ("create,get,list,watch", "", "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    (
        "expand-controller",
        &[
            ("get,list,patch,update,watch", "", "persistentvolumes"),
            ("patch,update", "", "persistentvolumeclaims/status"),
            (READ, "", "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    ("generic-garbage-collector", &[("delete,get,list,patch,update,watch", "*", "*"), EVENTS]),
    (
        "horizontal-pod-autoscaler",
        &[
            (READ, "autoscaling", "horizontalpodautoscalers"),
            ("update", "autoscaling", "horizontalpodautoscalers/status"),
            ("get,update", "*", "*/scale"),
            ("list", "", "pods"),
            ("list", "metrics.k8s.io", "pods"),
            ("get,list", "custom.metrics.k8s.io", "*"),
            ("get,list", "external.metrics.k8s.io", "*"),
            EVENTS,
        ],
    ),
    (
        "job-controller",
        &[
            ("get,list,patch,update,watch", "batch", "jobs"),
            ("update", "batch", "jobs/status"),
            ("update", "batch", "jobs/finalizers"),
            ("create,delete,list,patch,watch", "", "pods"),
            EVENTS,
        ],
    ),
    ("legacy-service-account-token-cleaner", &[("get", "", "configmaps"), ("delete,patch", "", "secrets")]),
    (
        "namespace-controller",
        &[
            ("delete,get,list,watch", "", "namespaces"),
            ("update", "", "namespaces/finalize,namespaces/status"),
            ("delete,deletecollection,get,list", "*", "*"),
        ],
    ),
    (
        "node-controller",
        &[
            ("delete,get,list,patch,update,watch", "", "nodes"),
            ("patch,update", "", "nodes/status"),
            ("patch,update", "", "pods/status"),
            ("delete,get,list", "", "pods"),
            EVENTS,
            ("get,list,patch,update,watch", "networking.k8s.io", "clustercidrs"),
        ],
    ),
    (
        "persistent-volume-binder",
        &[
            ("create,delete,get,list,update,watch", "", "persistentvolumes"),
            ("update", "", "persistentvolumes/status"),
            ("get,list,update,watch", "", "persistentvolumeclaims"),
            ("update", "", "persistentvolumeclaims/status"),
            ("create,delete,get,list,watch", "", "pods"),
            (READ, "storage.k8s.io", "storageclasses"),
            ("create,delete,get,list,update,watch", "", "endpoints,services"),
            ("get,list", "", "secrets"),
            (READ, "", "nodes"),
            EVENTS,
        ],
    ),
    (
        "pod-garbage-collector",
        &[("delete,list,watch", "", "pods"), ("get,list", "", "nodes"), ("patch", "", "pods/status")],
    ),
    ("pv-protection-controller", &[("get,list,update,watch", "", "persistentvolumes"), EVENTS]),
    (
        "pvc-protection-controller",
        &[("get,list,update,watch", "", "persistentvolumeclaims"), (READ, "", "pods"), EVENTS],
    ),
    (
        "replicaset-controller",
        &[
            ("get,list,update,watch", APPS, "replicasets"),
            ("update", APPS, "replicasets/status"),
            ("update", APPS, "replicasets/finalizers"),
            ("create,delete,list,patch,watch", "", "pods"),
            EVENTS,
        ],
    ),
    (
        "replication-controller",
        &[
            ("get,list,update,watch", "", "replicationcontrollers"),
            ("update", "", "replicationcontrollers/status"),
            ("update", "", "replicationcontrollers/finalizers"),
            ("create,delete,list,patch,watch", "", "pods"),
            EVENTS,
        ],
    ),
    (
        "resource-claim-controller",
        &[
            (READ, "", "pods"),
            ("update", "", "pods/finalizers"),
            ("create,delete,get,list,watch", "resource.k8s.io", "resourceclaims"),
            (READ, "resource.k8s.io", "resourceclaimtemplates"),
            ("patch,update", "resource.k8s.io", "resourceclaims/status"),
            ("patch", "", "pods/status"),
            EVENTS,
        ],
    ),
    ("resourcequota-controller", &[("list,watch", "*", "*"), ("update", "", "resourcequotas/status"), EVENTS]),
    ("root-ca-cert-publisher", &[("create,update", "", "configmaps"), EVENTS]),
    ("route-controller", &[("list,watch", "", "nodes"), ("patch", "", "nodes/status"), EVENTS]),
    ("selinux-warning-controller", &[(READ, "", "pods,persistentvolumeclaims,persistentvolumes"), EVENTS]),
    ("service-account-controller", &[("create", "", "serviceaccounts"), EVENTS]),
    (
        "service-cidrs-controller",
        &[
            ("get,list,patch,update,watch", "networking.k8s.io", "servicecidrs"),
            ("patch,update", "networking.k8s.io", "servicecidrs/finalizers"),
            ("patch,update", "networking.k8s.io", "servicecidrs/status"),
            (READ, "networking.k8s.io", "ipaddresses"),
            EVENTS,
        ],
    ),
    (
        "service-controller",
        &[(READ, "", "services"), ("patch,update", "", "services/status"), ("list,watch", "", "nodes"), EVENTS],
    ),
    (
        "statefulset-controller",
        &[
            ("list,watch", "", "pods"),
            (READ, "apps", "statefulsets"),
            ("update", "apps", "statefulsets/status"),
            ("update", "apps", "statefulsets/finalizers"),
            ("create,delete,get,patch,update", "", "pods"),
            ("create,delete,get,list,patch,update,watch", "apps", "controllerrevisions"),
            ("create,get", "", "persistentvolumeclaims"),
            ("delete,update", "", "persistentvolumeclaims"),
            EVENTS,
        ],
    ),
    ("ttl-after-finished-controller", &[("delete,get,list,watch", "batch", "jobs"), EVENTS]),
    ("ttl-controller", &[("list,patch,update,watch", "", "nodes"), EVENTS]),
    (
        "validatingadmissionpolicy-status-controller",
        &[
            (READ, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
            ("get,patch,update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
            EVENTS,
        ],
    ),
    (
        "volumeattributesclass-protection-controller",
        &[
            ("list,watch", "", "persistentvolumeclaims"),
            ("list,watch", "", "persistentvolumes"),
            ("get,list,update,watch", "storage.k8s.io", "volumeattributesclasses"),
            EVENTS,
        ],
    ),
];

/// The roles of the other parts of a cluster.
pub(super) const COMPONENTS: &[(&str, &[Row])] = &[
    (
        "system:auth-delegator",
        &[
            ("create", "authentication.k8s.io", "tokenreviews"),
            ("create", "authorization.k8s.io", "subjectaccessreviews"),
        ],
    ),
    (
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        &[("create", "certificates.k8s.io", "certificatesigningrequests/nodeclient")],
    ),
    (
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        &[("create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient")],
    ),
    ("system:heapster", &[(READ, "", "events,namespaces,nodes,pods"), (READ, "extensions", "deployments")]),
    ("system:kube-aggregator", &[(READ, "", "endpoints,services")]),
    (
        "system:kube-controller-manager",
        &[
            EVENTS,
            ("create", "coordination.k8s.io", "leases"),
            ("get,update", "coordination.k8s.io", "leases=kube-controller-manager"),
            ("create", "", "secrets,serviceaccounts"),
            ("delete", "", "secrets"),
            ("get", "", "configmaps,namespaces,secrets,serviceaccounts"),
            ("update", "", "secrets,serviceaccounts"),
            ("create", "authentication.k8s.io", "tokenreviews"),
            ("create", "authorization.k8s.io", "subjectaccessreviews"),
            ("list,watch", "*", "*"),
            ("create", "", "serviceaccounts/token"),
        ],
    ),
    ("system:kube-dns", &[("list,watch", "", "endpoints,services")]),
    (
        "system:kube-scheduler",
        &[
            EVENTS,
            ("create", "coordination.k8s.io", "leases"),
            ("get,update", "coordination.k8s.io", "leases=kube-scheduler"),
            (READ, "", "nodes"),
            ("delete,get,list,watch", "", "pods"),
            ("create", "", "bindings,pods/binding"),
            ("patch,update", "", "pods/status"),
            (READ, "", "replicationcontrollers,services"),
            (READ, APPS, "replicasets"),
            (READ, "apps", "statefulsets"),
            (READ, "policy", "poddisruptionbudgets"),
            (READ, "", "persistentvolumeclaims,persistentvolumes"),
            ("create", "authentication.k8s.io", "tokenreviews"),
            ("create", "authorization.k8s.io", "subjectaccessreviews"),
            (READ, "storage.k8s.io", "csinodes"),
            (READ, "storage.k8s.io", "volumeattachments"),
            (READ, "", "namespaces"),
            (READ, "storage.k8s.io", "csidrivers"),
            (READ, "storage.k8s.io", "csistoragecapacities"),
            (READ, "resource.k8s.io", "deviceclasses"),
            ("get,list,patch,update,watch", "resource.k8s.io", "resourceclaims"),
            ("get,list,patch,update,watch", "resource.k8s.io", "resourceclaims/status"),
            ("get,list,patch,update,watch", "", "pods/finalizers"),
            (READ, "resource.k8s.io", "resourceslices"),
        ],
    ),
    (
        "system:kubelet-api-admin",
        &[
            ("get,list,watch", "", "nodes"),
            ("proxy", "", "nodes"),
            ("*", "", "nodes/log,nodes/metrics,nodes/proxy,nodes/stats"),
            ("*", "", "nodes/configz,nodes/healthz,nodes/pods"),
        ],
    ),
    ("system:node-bootstrapper", &[("create,get,list,watch", "certificates.k8s.io", "certificatesigningrequests")]),
    ("system:node-problem-detector", &[("get", "", "nodes"), ("patch", "", "nodes/status"), EVENTS]),
    (
        "system:node-proxier",
        &[
            ("list,watch", "", "endpoints,services"),
            (READ, "", "nodes"),
            EVENTS,
            ("list,watch", "networking.k8s.io", "servicecidrs"),
            ("list,watch", "discovery.k8s.io", "endpointslices"),
        ],
    ),
    (
        "system:persistent-volume-provisioner",
        &[
            ("create,delete,get,list,watch", "", "persistentvolumes"),
            ("get,list,update,watch", "", "persistentvolumeclaims"),
            (READ, "storage.k8s.io", "storageclasses"),
            ("watch", "", "events"),
            EVENTS,
        ],
    ),
    (
        "system:volume-scheduler",
        &[
            ("get,list,patch,update,watch", "", "persistentvolumes"),
            (READ, "storage.k8s.io", "storageclasses"),
            ("get,list,patch,update,watch", "", "persistentvolumeclaims"),
        ],
    ),
];

/// Which users have a role of the list above.
pub(super) const USERS: &[(&str, &str)] = &[
    ("system:kube-controller-manager", "system:kube-controller-manager"),
    ("system:kube-scheduler", "system:kube-scheduler"),
    ("system:node-proxier", "system:kube-proxy"),
    ("system:volume-scheduler", "system:kube-scheduler"),
];

/// Signers that a role lets its holder approve for.
pub(super) const APPROVERS: &[(&str, &str)] = &[
    ("system:certificates.k8s.io:kube-apiserver-client-approver", "kubernetes.io/kube-apiserver-client"),
    (
        "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
        "kubernetes.io/kube-apiserver-client-kubelet",
    ),
    ("system:certificates.k8s.io:kubelet-serving-approver", "kubernetes.io/kubelet-serving"),
    ("system:certificates.k8s.io:legacy-unknown-approver", "kubernetes.io/legacy-unknown"),
];

/// What every node may do.
pub(super) const NODE: &[Row] = &[
    ("create", "authentication.k8s.io", "tokenreviews"),
    ("create", "authorization.k8s.io", "localsubjectaccessreviews,subjectaccessreviews"),
    (READ, "", "services"),
    ("create,get,list,watch", "", "nodes"),
    ("patch,update", "", "nodes/status"),
    ("patch,update", "", "nodes"),
    ("create,patch,update", "", "events"),
    (READ, "", "pods"),
    ("create,delete", "", "pods"),
    ("patch,update", "", "pods/status"),
    ("create", "", "pods/eviction"),
    (READ, "", "configmaps,secrets"),
    ("get", "", "persistentvolumeclaims,persistentvolumes"),
    ("get", "", "endpoints"),
    ("create,get,list,watch", "certificates.k8s.io", "certificatesigningrequests"),
    ("create,delete,get,patch,update", "coordination.k8s.io", "leases"),
    ("get", "storage.k8s.io", "volumeattachments"),
    ("create", "", "serviceaccounts/token"),
    ("get,patch,update", "", "persistentvolumeclaims/status"),
    (READ, "storage.k8s.io", "csidrivers"),
    ("create,delete,get,patch,update", "storage.k8s.io", "csinodes"),
    (READ, "node.k8s.io", "runtimeclasses"),
    ("get", "resource.k8s.io", "resourceclaims"),
    ("deletecollection", "resource.k8s.io", "resourceslices"),
    ("get", "", "serviceaccounts"),
];

/// A role in a namespace: namespace, name, rules, and the kinds and names of those who have it.
pub(super) type Namespaced = (&'static str, &'static str, &'static [Row], &'static [(&'static str, &'static str)]);

const LEADERS: &[Row] = &[
    ("create,get,list,update,watch", "coordination.k8s.io", "leases"),
    ("create,get,list,update,watch", "coordination.k8s.io", "leasecandidates"),
];

/// The roles in the system's namespaces, each bound to whom it is made for.
pub(super) const NAMESPACED: &[Namespaced] = &[
    (
        "kube-public",
        "system:controller:bootstrap-signer",
        &[(READ, "", "configmaps"), ("update", "", "configmaps=cluster-info"), EVENTS],
        &[("ServiceAccount", "bootstrap-signer")],
    ),
    (
        "kube-system",
        "extension-apiserver-authentication-reader",
        &[(READ, "", "configmaps=extension-apiserver-authentication")],
        &[("User", "system:kube-controller-manager"), ("User", "system:kube-scheduler")],
    ),
    (
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        LEADERS,
        &[("User", "system:kube-controller-manager"), ("ServiceAccount", "kube-controller-manager")],
    ),
    (
        "kube-system",
        "system::leader-locking-kube-scheduler",
        LEADERS,
        &[("User", "system:kube-scheduler"), ("ServiceAccount", "kube-scheduler")],
    ),
    (
        "kube-system",
        "system:controller:bootstrap-signer",
        &[(READ, "", "secrets")],
        &[("ServiceAccount", "bootstrap-signer")],
    ),
    (
        "kube-system",
        "system:controller:cloud-provider",
        &[("create,get,list,watch", "", "configmaps")],
        &[("ServiceAccount", "cloud-provider")],
    ),
    (
        "kube-system",
        "system:controller:token-cleaner",
        &[("delete,get,list,watch", "", "secrets"), EVENTS],
        &[("ServiceAccount", "token-cleaner")],
    ),
];

/// What may be seen of a namespace by who may only look.
pub(super) const VIEW: &[Row] = &[
    (
        READ,
        "",
        "configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status",
    ),
    (
        READ,
        "",
        "bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status",
    ),
    (READ, "", "namespaces"),
    (READ, "events.k8s.io", "events"),
    (READ, "discovery.k8s.io", "endpointslices"),
    (
        READ,
        "apps",
        "controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status",
    ),
    (READ, "autoscaling", "horizontalpodautoscalers,horizontalpodautoscalers/status"),
    (READ, "batch", "cronjobs,cronjobs/status,jobs,jobs/status"),
    (
        READ,
        "extensions",
        "daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale",
    ),
    (READ, "policy", "poddisruptionbudgets,poddisruptionbudgets/status"),
    (READ, "networking.k8s.io", "ingresses,ingresses/status,networkpolicies"),
    (READ, "resource.k8s.io", "resourceclaims,resourceclaims/status,resourceclaimtemplates"),
];
