"""What every rendered form of the chart must keep to: `complaints` says what is wrong.

The pods are held to the restricted level of Pod Security, read out of the standard's own table and not out
of the chart, and to what this project adds: a read-only root, probes, limits, no token without a use.
"""

from datetime import timedelta

import yaml

WORKLOADS = ("Deployment", "Pod")
# Volumes that the restricted level allows, and `image`, which it has allowed since there is such a kind.
VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
PROBES = {
    "startupProbe": "/startupz",
    "readinessProbe": "/readyz",
    "livenessProbe": "/livez",
}
API_RULES = [
    ("", "configmaps", {"list", "watch"}),
    ("events.k8s.io", "events", {"create", "patch"}),
]
"""Group, resource and verbs that `make test-cluster` shows to be needed; nothing else is."""
SHUTDOWN = {"delay": "5s", "grace": "25s"}
UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes"}


def complaints(objects):
    """Everything that is wrong with rendered objects, as sentences."""
    found = []
    for item in objects:
        kind, name = item["kind"], item["metadata"]["name"]
        pod = pod_of(item)
        said = []
        if pod:
            said += of_pod(pod)
        if kind == "Deployment":
            said += [*of_server(pod), *of_end(pod, objects), *of_selection(item, objects)]
        if kind in ("Role", "ClusterRole"):
            said += of_role(item)
        if kind == "ClusterRoleBinding":
            said.append("reaches beyond its namespace")
        if not item["metadata"].get("namespace"):
            said.append("names no namespace")
        found += [f"{kind} {name}: {text}" for text in said]
    return [*found, *of_tokens(objects)]


def pod_of(item):
    """The pod's spec in an object, where it makes pods."""
    if item["kind"] == "Pod":
        return item["spec"]
    return item["spec"]["template"]["spec"] if item["kind"] in WORKLOADS else None


def containers(pod):
    """All containers of a pod."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def of_pod(pod):
    """The restricted level, and what is asked beside it."""
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield f"{name} is set"
    for volume in pod.get("volumes", []):
        for kind in set(volume) - {"name"} - VOLUMES:
            yield f"volume {volume['name']} is of the kind {kind}"
    whole = pod.get("securityContext", {})
    for container in containers(pod):
        yield from (f"{container['name']}: {text}" for text in of_container(container, whole))


def of_container(container, whole):
    """The restricted level of one container; `whole` is the pod's own security context."""
    own = container.get("securityContext", {})
    both = whole | own
    if own.get("privileged"):
        yield "is privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
        yield "does not drop all capabilities"
    if both.get("runAsNonRoot") is not True or not both.get("runAsUser"):
        yield "does not run as a user other than root, by number"
    if both.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "can write to its root"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "opens a port of the node"
    resources = container.get("resources", {})
    for kind in ("requests", "limits"):
        for what in ("cpu", "memory"):
            if not resources.get(kind, {}).get(what):
                yield f"has no {kind} of {what}"
    for mount in container.get("volumeMounts", []):
        if "subPath" in mount:
            yield f"mounts {mount['name']} by subPath, which never changes"


def of_server(pod):
    """Probes of the container that serves."""
    (container,) = pod["containers"]
    for probe, path in PROBES.items():
        asked = container.get(probe, {}).get("httpGet", {})
        if (asked.get("path"), asked.get("port")) != (path, "operations"):
            yield f"{probe} does not ask {path} of the operations port"
    mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
    declared = {volume["name"] for volume in pod.get("volumes", [])}
    if mounted != declared:
        yield f"declares the volumes {sorted(declared)} and mounts {sorted(mounted)}"


def of_end(pod, objects):
    """Whether the kubelet waits for what the configuration says that an end takes."""
    shutdown = SHUTDOWN | (configuration(objects).get("shutdown") or {})
    needed = sum(map(seconds, shutdown.values()))
    if pod["terminationGracePeriodSeconds"] < needed:
        yield f"is killed after {pod['terminationGracePeriodSeconds']} s, its end takes {needed:g} s"


def seconds(text):
    """A duration in one unit, as a number."""
    digits = str(text).rstrip("ms")
    return timedelta(**{UNITS[str(text)[len(digits) :] or "s"]: int(digits)}).total_seconds()


def configuration(objects):
    """The configuration that the pods are given."""
    for item in objects:
        if item["kind"] == "ConfigMap" and "logtriage.yaml" in item["data"]:
            return yaml.safe_load(item["data"]["logtriage.yaml"])
    return {}


SELECTORS = {
    "Service": lambda spec: spec["selector"],
    "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
    "NetworkPolicy": lambda spec: spec["podSelector"]["matchLabels"],
}


def of_selection(deployment, objects):
    """Whether Service, budget and policies select just these pods."""
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    others = [item for item in objects if item["kind"] == "Pod"]
    for item in objects:
        if item["kind"] not in SELECTORS:
            continue
        selector = SELECTORS[item["kind"]](item["spec"]).items()
        named = f"{item['kind']} {item['metadata']['name']}"
        if not selector <= labels.items():
            yield f"is not selected by {named}"
        for other in others:
            if selector <= other["metadata"]["labels"].items():
                yield f"shares {named} with Pod {other['metadata']['name']}"


def of_role(role):
    """Nothing beyond what is known to be needed, and no wildcard."""
    if role["kind"] == "ClusterRole":
        yield "reaches beyond its namespace"
    for rule in role["rules"]:
        given = (rule["apiGroups"], rule["resources"], set(rule["verbs"]))
        if not any(given == ([group], [resource], verbs) for group, resource, verbs in API_RULES):
            yield f"allows more, or less, than is needed: {rule}"


def of_tokens(objects):
    """A token is mounted where the configuration or the environment has a use for it, and only there."""
    for item in objects:
        pod = pod_of(item)
        if not pod:
            continue
        (container, *_) = pod["containers"]
        environment = {entry["name"] for entry in container.get("env", [])}
        watches = "configmap" in (configuration(objects).get("models") or {})
        wanted = item["kind"] == "Deployment" and (watches or "POD_UID" in environment)
        if pod.get("automountServiceAccountToken") is not wanted:
            yield f"{item['kind']} {item['metadata']['name']}: expected a token: {wanted}, found {not wanted}"
    for item in objects:
        if (
            item["kind"] == "ServiceAccount"
            and item.get("automountServiceAccountToken") is not False
        ):
            yield f"ServiceAccount {item['metadata']['name']}: gives every pod a token"
