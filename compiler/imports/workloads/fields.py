"""The fields of Kubernetes' workloads, as far as they are read here, to tell a slip from a field.

Source: the API reference of Kubernetes 1.37, and what older servers still write.
"""

__all__ = [
    "CONTAINER",
    "CONTAINER_PORT",
    "CRON_JOB",
    "HTTP",
    "HTTP_PATH",
    "INGRESS",
    "INGRESS_BACKEND",
    "INGRESS_RULE",
    "JOB_TEMPLATE",
    "OBJECT",
    "POD",
    "ROUTE",
    "ROUTE_PORT",
    "ROUTE_TARGET",
    "SERVICE",
    "SERVICE_BACKEND",
    "SERVICE_PORT",
    "TEMPLATE",
    "WORKLOADS",
]


def _fields(text: str) -> frozenset[str]:
    return frozenset(text.split())


OBJECT = _fields("apiVersion kind metadata spec status")

TEMPLATE = _fields("metadata spec")

POD = _fields(
    """activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy
    enableServiceLinks ephemeralContainers evictionResponders hostAliases hostIPC hostNetwork hostPID
    hostUsers hostname hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os overhead
    preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy
    runtimeClassName schedulerName schedulingGates schedulingGroup securityContext serviceAccount
    serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds
    tolerations topologySpreadConstraints volumes workloadRef"""
)

CONTAINER = _fields(
    """args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe
    resizePolicy resources restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce
    terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"""
)

CONTAINER_PORT = _fields("containerPort hostIP hostPort name protocol")

WORKLOADS = {
    "DaemonSet": _fields(
        "minReadySeconds revisionHistoryLimit selector template templateGeneration updateStrategy"
    ),
    "Deployment": _fields(
        """minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit rollbackTo
        selector strategy template"""
    ),
    "DeploymentConfig": _fields(
        """minReadySeconds paused replicas revisionHistoryLimit selector strategy template test
        triggers"""
    ),
    "Job": _fields(
        """activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy
        manualSelector maxFailedIndexes parallelism podFailurePolicy podReplacementPolicy scheduling
        selector successPolicy suspend template ttlSecondsAfterFinished"""
    ),
    "ReplicaSet": _fields("minReadySeconds replicas selector template"),
    "ReplicationController": _fields("minReadySeconds replicas selector template"),
    "StatefulSet": _fields(
        """minReadySeconds ordinals persistentVolumeClaimRetentionPolicy podManagementPolicy replicas
        revisionHistoryLimit selector serviceName template updateStrategy volumeClaimTemplates"""
    ),
}
"""The `spec` of each kind that makes pods of a template."""

CRON_JOB = _fields(
    """concurrencyPolicy failedJobsHistoryLimit jobTemplate schedule startingDeadlineSeconds
    successfulJobsHistoryLimit suspend timeZone"""
)

JOB_TEMPLATE = _fields("metadata spec")

SERVICE = _fields(
    """allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy
    healthCheckNodePort internalTrafficPolicy ipFamilies ipFamily ipFamilyPolicy loadBalancerClass
    loadBalancerIP loadBalancerSourceRanges ports publishNotReadyAddresses selector sessionAffinity
    sessionAffinityConfig topologyKeys trafficDistribution type"""
)

SERVICE_PORT = _fields("appProtocol name nodePort port protocol targetPort")

INGRESS = _fields("backend defaultBackend ingressClassName rules tls")

INGRESS_RULE = _fields("host http")

HTTP = _fields("paths")

HTTP_PATH = _fields("backend path pathType")

INGRESS_BACKEND = _fields("resource service serviceName servicePort")

SERVICE_BACKEND = _fields("name port")

ROUTE = _fields("alternateBackends host httpHeaders path port subdomain tls to wildcardPolicy")

ROUTE_PORT = _fields("targetPort")

ROUTE_TARGET = _fields("kind name weight")
