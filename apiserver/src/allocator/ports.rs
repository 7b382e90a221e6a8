//! Node ports, those for health checks included.

use pintle_object_model::Status;
use pintle_object_model::api::core::v1::Service;
use pintle_object_model::clock::Random;
use pintle_object_model::validation::{FieldErrors, Path};

use super::{Allocation, Pools, refused};

/// Node ports. Source: kube-apiserver's `--service-node-port-range`.
const NODE_PORTS: std::ops::RangeInclusive<i32> = 30_000..=32_767;

/// All node ports that a Service has.
pub(super) fn numbers(service: &Service) -> impl Iterator<Item = i32> {
    let ports = service.spec.ports.iter().map(|port| port.node_port);
    ports.chain([service.spec.health_check_node_port]).filter(|port| *port != 0)
}

/// One Service's way through the pool.
pub(super) struct Ports<'a> {
    pub(super) pools: &'a mut Pools,
    pub(super) taken: &'a mut Allocation,
    pub(super) random: &'a Random,
    pub(super) dry: bool,
}

impl Ports<'_> {
    pub(super) fn take(&mut self, service: &mut Service, old: Option<&Service>) -> Result<(), Status> {
        let had: Vec<i32> = old.map(|old| numbers(old).collect()).unwrap_or_default();
        let exposed = matches!(service.spec.type_.as_str(), "NodePort" | "LoadBalancer");
        if exposed {
            self.take_ports(service, &had)?;
        } else {
            // A port that comes from the version before is dropped; one that the client sets is for validation.
            for port in service.spec.ports.iter_mut().filter(|port| had.contains(&port.node_port)) {
                port.node_port = 0;
            }
        }
        self.take_health_check(service, old)?;
        let now: Vec<i32> = numbers(service).collect();
        self.taken.obsolete_ports.extend(had.into_iter().filter(|port| !now.contains(port)));
        Ok(())
    }

    fn take_ports(&mut self, service: &mut Service, had: &[i32]) -> Result<(), Status> {
        let name = service.metadata.name.clone();
        let wants = service.spec.type_ == "NodePort" || service.spec.allocate_load_balancer_node_ports != Some(false);
        for index in 0..service.spec.ports.len() {
            let port = &service.spec.ports[index];
            // Ports of one number, of different protocols, share the node port.
            let shared: Vec<i32> = service.spec.ports[..index]
                .iter()
                .filter(|other| other.port == port.port && other.node_port != 0)
                .map(|other| other.node_port)
                .collect();
            if port.node_port == 0 && !wants {
                continue;
            }
            let given = match port.node_port {
                0 => shared.first().copied().or_else(|| {
                    let later = &service.spec.ports[index + 1..];
                    later
                        .iter()
                        .find(|other| other.port == port.port && other.node_port != 0)
                        .map(|other| other.node_port)
                }),
                number => Some(number),
            };
            service.spec.ports[index].node_port = match given {
                Some(number) if had.contains(&number) || shared.contains(&number) => number,
                Some(number) => {
                    let at = Path::new("spec").child("ports").index(index).child("nodePort");
                    self.claim(number).map_err(|why| refused(&name, &at, &number.into(), &why))?
                }
                None => self.pick()?,
            };
        }
        Ok(())
    }

    fn take_health_check(&mut self, service: &mut Service, old: Option<&Service>) -> Result<(), Status> {
        let needed = old.filter(|old| old.spec.has_health_check()).map(|old| old.spec.health_check_node_port);
        if !service.spec.has_health_check() {
            return Ok(());
        }
        let port = &mut service.spec.health_check_node_port;
        match (needed, *port) {
            (Some(before), 0) => *port = before,
            (Some(before), now) if now != before => {
                let mut errors = FieldErrors::default();
                errors.forbidden(&Path::new("spec").child("healthCheckNodePort"), "field is immutable");
                return Err(Status::invalid("", "Service", &service.metadata.name, &errors));
            }
            (Some(_), _) => {}
            (None, 0) => *port = self.pick()?,
            (None, number) => {
                *port = self.claim(number).map_err(|why| {
                    Status::internal(format!("failed to allocate requested HealthCheck NodePort {number}: {why}"))
                })?;
            }
        }
        Ok(())
    }

    fn claim(&mut self, number: i32) -> Result<i32, String> {
        let taken = self.taken.ports.contains(&number) || !self.dry && self.pools.ports.contains(&number);
        if !self.dry && !NODE_PORTS.contains(&number) {
            let range = format!("{}-{}", NODE_PORTS.start(), NODE_PORTS.end());
            return Err(format!("provided port is not in the valid range. The range of valid ports is {range}"));
        }
        if taken {
            return Err("provided port is already allocated".into());
        }
        self.note(number);
        Ok(number)
    }

    fn pick(&mut self) -> Result<i32, Status> {
        let span = u64::try_from(NODE_PORTS.end() - NODE_PORTS.start() + 1).unwrap_or(1);
        let start = self.random.below(span);
        let free = (0..span)
            .map(|step| NODE_PORTS.start() + i32::try_from((start + step) % span).unwrap_or_default())
            .find(|number| !self.pools.ports.contains(number) && !self.taken.ports.contains(number));
        let number = free.ok_or_else(|| Status::internal("failed to allocate a nodePort: range is full"))?;
        self.note(number);
        Ok(number)
    }

    fn note(&mut self, number: i32) {
        if !self.dry {
            self.pools.ports.insert(number);
        }
        self.taken.ports.push(number);
    }
}

#[cfg(test)]
mod tests {
    use pintle_object_model::Rules;

    use super::*;

    fn service(spec: &str) -> Service {
        let mut service: Service = serde_json::from_str(&format!(r#"{{"spec":{spec}}}"#)).expect("the test's JSON");
        service.set_defaults();
        service
    }

    fn take(spec: &str, pools: &mut Pools, dry: bool) -> Result<Vec<i32>, String> {
        let mut service = service(spec);
        let mut taken = Allocation::none();
        let random = Random::seeded(7);
        let mut ports = Ports { pools, taken: &mut taken, random: &random, dry };
        ports.take(&mut service, None).map_err(|status| status.message)?;
        Ok(numbers(&service).collect())
    }

    #[test]
    fn a_number_serves_one_service_whatever_the_protocol() {
        let mut pools = Pools::default();
        let dns = r#"{"type":"NodePort","ports":[{"name":"t","port":53},{"name":"u","port":53,"protocol":"UDP"}]}"#;
        let given = take(dns, &mut pools, false).expect("there are free ports");
        assert_eq!(given[0], given[1]);
        let twice = r#"{"type":"NodePort","ports":[{"port":1,"nodePort":30101},{"port":2,"nodePort":30101}]}"#;
        assert!(take(twice, &mut pools, true).expect_err("taken by itself").contains("ports[1].nodePort"));
    }

    #[test]
    fn a_dry_run_asks_for_no_range_and_takes_nothing() {
        let mut pools = Pools::default();
        let odd = r#"{"type":"NodePort","ports":[{"port":1,"nodePort":1}]}"#;
        assert_eq!(take(odd, &mut pools, true), Ok(vec![1]));
        assert!(pools.ports.is_empty());
        assert!(take(odd, &mut pools, false).expect_err("outside of the range").contains("valid range"));
    }

    #[test]
    fn load_balancers_that_keep_traffic_local_have_a_port_for_health_checks() {
        let local = r#"{"type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"port":80}]}"#;
        assert_eq!(take(local, &mut Pools::default(), false).expect("there are free ports").len(), 2);
    }
}
