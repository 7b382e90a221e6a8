//! What names may look like: DNS labels and subdomains, qualified names, label values, ports, IPs.
