//! Selectors, quantities, times, durations, schedules.

use std::collections::BTreeMap;
use std::str::FromStr;

use pintle_object_model::api::batch::v1::CronJob;
use pintle_object_model::custom::FieldPath;
use pintle_object_model::selector::{FieldSelector, Selector};
use pintle_object_model::{AnyResource, GoDuration, IntOrString, MicroTime, Quantity, Time};

use crate::bounded;

/// Label selectors, field selectors, paths.
pub(crate) fn selector(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let labels = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("app".to_owned(), String::new())]);
    match Selector::parse(text) {
        Ok(selector) => {
            let written = selector.to_string();
            bounded(text.len(), written.len());
            let again = Selector::parse(&written).unwrap_or_else(|why| panic!("{text:?} became {written:?}: {why}"));
            assert_eq!(again, selector, "{text:?} became {written:?}");
            let _ = selector.matches(&labels);
        }
        Err(why) => bounded(text.len(), why.len()),
    }
    match FieldSelector::parse(text) {
        Ok(selector) => {
            let written = selector.to_string();
            let again = FieldSelector::parse(&written).unwrap_or_else(|why| panic!("{text:?}, {written:?}: {why}"));
            assert_eq!(again, selector, "{text:?} became {written:?}");
        }
        Err(why) => bounded(text.len(), why.len()),
    }
    if let Ok(path) = FieldPath::parse(text) {
        let tree = serde_json::json!({"a": [{"b": 1}, [2]], "spec": {"replicas": 1}});
        let _ = (path.names(), path.find(&tree), path.get(&tree));
        let _ = path.set(&mut tree.clone(), 3.into());
    }
}

/// A quantity in its canonical text stays what it is.
pub(crate) fn quantity(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(quantity) = Quantity::from_str(text) else { return };
    let written = quantity.to_string();
    bounded(text.len(), written.len());
    let again = Quantity::from_str(&written).unwrap_or_else(|why| panic!("{text:?} became {written:?}: {why}"));
    assert_eq!(again.to_string(), written, "of {text:?}");
    assert_eq!((again.value(), again.millis()), (quantity.value(), quantity.millis()), "{text:?} is {written:?}");
    assert!(again == quantity, "{text:?} is not {written:?}");
    let _ = (quantity.as_f64(), quantity.is_negative(), quantity.cmp(&again));
    let mut rounded = quantity;
    rounded.round_up_to_millis();
    let _ = rounded.to_string();
}

/// Times, durations, numbers with a percent sign.
pub(crate) fn time(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(time) = Time::from_str(text) {
        assert_eq!(Time::from_str(&time.to_string()), Ok(time), "{text:?} became {time}");
    }
    if let Ok(time) = MicroTime::from_str(text) {
        assert_eq!(MicroTime::from_str(&time.to_string()), Ok(time), "{text:?} became {time}");
    }
    if let Ok(duration) = GoDuration::from_str(text) {
        assert_eq!(GoDuration::from_str(&duration.to_string()), Ok(duration), "{text:?} became {duration}");
    }
    for total in [0, 7, i32::MAX, i32::MIN] {
        let _ = IntOrString::String(text.to_owned()).scaled(total, true);
    }
}

/// Schedule and time zone of a CronJob, as its validation reads them.
pub(crate) fn cron(data: &[u8]) {
    let [schedule, zone] = crate::parts::<2>(data);
    let mut job = CronJob::default();
    job.spec.schedule = String::from_utf8_lossy(schedule).into_owned();
    job.spec.time_zone = (!zone.is_empty()).then(|| String::from_utf8_lossy(zone).into_owned());
    let _ = AnyResource::validate(&job);
    let _ = AnyResource::warnings(&job);
}
