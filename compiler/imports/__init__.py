"""Objects of Kubernetes and Cilium as syntax trees, and workloads as inventories."""
