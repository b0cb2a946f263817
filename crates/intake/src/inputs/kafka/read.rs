//! The thread that reads a topic.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use atalanta_engine::input::RawRecord;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::Topic;
use crate::inputs::places::Place;
use crate::inputs::{BATCH, BATCH_BYTES, Reader};
use crate::pipeline::Target;

/// How long a message may wait for others that are stored with it.
const GATHER: Duration = Duration::from_millis(200);

/// How often partitions are looked for, and how long an answer about them may take.
const LOOK: Duration = Duration::from_mins(1);
const ANSWER: Duration = Duration::from_secs(10);

/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// Reads a topic until it is time to end.
pub(in crate::inputs) fn run(reader: &Reader, topic: &Topic) {
    let mut said = String::new();
    loop {
        if let Err(error) = Reading::start(reader, topic).and_then(|mut reading| reading.until_stopped()) {
            // The same trouble is said once.
            let error = error.to_string();
            if error != said {
                tracing::warn!(topic = topic.name, error, "the topic cannot be read now, it is tried again");
                said = error;
            }
        }
        if reader.stop.is_set() || reader.stop.wait(PAUSE) {
            return;
        }
    }
}

/// Messages of one partition that are not stored yet, and where it stands.
struct Partition {
    place: Place,
    target: Target,
    records: Vec<RawRecord>,
    bytes: usize,
}

struct Reading<'r> {
    reader: &'r Reader,
    topic: &'r Topic,
    consumer: BaseConsumer,
    partitions: HashMap<i32, Partition>,
    looked: Instant,
}

impl<'r> Reading<'r> {
    fn start(reader: &'r Reader, topic: &'r Topic) -> Result<Self, KafkaError> {
        let mut config = ClientConfig::new();
        for (name, value) in &topic.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &topic.brokers).set("group.id", &topic.group);
        config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        // Where the wanted offset is gone, the oldest message that is there comes next.
        config.set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer = config.create()?;
        let mut reading =
            Self { reader, topic, consumer, partitions: HashMap::new(), looked: Instant::now() };
        reading.look()?;
        Ok(reading)
    }

    /// Finds the partitions of the topic, and reads new ones too.
    fn look(&mut self) -> Result<(), KafkaError> {
        self.looked = Instant::now();
        let found = self.consumer.fetch_metadata(Some(&self.topic.name), ANSWER)?;
        let Some(topic) = found.topics().iter().find(|topic| topic.name() == self.topic.name) else {
            return Ok(());
        };
        if let Some(error) = topic.error() {
            return Err(KafkaError::MetadataFetch(error.into()));
        }
        let mut new = TopicPartitionList::new();
        for id in topic.partitions().iter().map(rdkafka::metadata::MetadataPartition::id) {
            if self.partitions.contains_key(&id) {
                continue;
            }
            let partition = self.partition(id);
            let offset = match partition.place.position {
                0 if self.topic.from_start => Offset::Beginning,
                0 => Offset::End,
                stored => Offset::Offset(i64::try_from(stored).unwrap_or(i64::MAX)),
            };
            new.add_partition_offset(&self.topic.name, id, offset)?;
            self.partitions.insert(id, partition);
        }
        if new.count() == 0 { Ok(()) } else { self.consumer.incremental_assign(&new) }
    }

    fn partition(&self, id: i32) -> Partition {
        let path = format!("{}/{id}", self.topic.place());
        let known = self.reader.places.of(&self.reader.input.path, &path).cloned();
        let place = known.unwrap_or_else(|| Place { path, ..Place::default() });
        let target = Target::parse(&place.source).unwrap_or_else(|_| self.reader.input.target.clone());
        Partition { place, target, records: Vec::new(), bytes: 0 }
    }

    fn until_stopped(&mut self) -> Result<(), KafkaError> {
        let mut since: Option<Instant> = None;
        while !self.reader.stop.is_set() {
            if self.looked.elapsed() >= LOOK {
                self.look()?;
            }
            let full = match self.consumer.poll(GATHER) {
                Some(message) => {
                    since.get_or_insert_with(Instant::now);
                    take(&mut self.partitions, &message?)
                }
                None => false,
            };
            if full || since.is_some_and(|since| since.elapsed() >= GATHER) {
                if !self.store() {
                    return Ok(());
                }
                since = None;
            }
        }
        Ok(())
    }

    /// Stores what was read, each partition with its offset; false if it is time to end.
    fn store(&mut self) -> bool {
        let mut stored = TopicPartitionList::new();
        for (id, partition) in self.partitions.iter_mut().filter(|(_, one)| !one.records.is_empty()) {
            let records = std::mem::take(&mut partition.records);
            partition.bytes = 0;
            if !self.reader.store(&records, &mut partition.target, &mut partition.place) {
                return false;
            }
            let offset = Offset::Offset(i64::try_from(partition.place.position).unwrap_or(i64::MAX));
            if let Err(error) = stored.add_partition_offset(&self.topic.name, *id, offset) {
                tracing::debug!(%error, "an offset cannot be shown");
            }
        }
        if stored.count() > 0
            && let Err(error) = self.consumer.commit(&stored, CommitMode::Async)
        {
            // Reading goes on from the store's offsets; the group's are for those who watch.
            tracing::debug!(%error, "the group's offsets were not renewed");
        }
        true
    }
}

/// Keeps a message for its partition; whether there is enough to be stored.
fn take(partitions: &mut HashMap<i32, Partition>, message: &BorrowedMessage<'_>) -> bool {
    let Some(partition) = partitions.get_mut(&message.partition()) else { return false };
    let offset = u64::try_from(message.offset()).unwrap_or(0);
    if offset < partition.place.position {
        return false;
    }
    if partition.place.position > 0 && offset > partition.place.position && partition.records.is_empty() {
        let (from, to) = (partition.place.position, offset - 1);
        tracing::info!(
            place = partition.place.path,
            from,
            to,
            "no messages there: expired, or marks of transactions"
        );
    }
    partition.place.position = offset + 1;
    partition.place.line = offset + 1;
    // A message without a value only deletes its key.
    if let Some(payload) = message.payload().filter(|payload| !payload.trim_ascii().is_empty()) {
        partition.bytes += payload.len();
        partition.records.push(RawRecord { bytes: payload.to_vec(), line: offset, ordinal: offset });
    }
    partition.records.len() >= BATCH || partition.bytes >= BATCH_BYTES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

    use super::*;
    use crate::inputs::tests::{pipeline, wait_for};
    use crate::inputs::{Input, InputKind, Inputs};

    fn input(brokers: &str) -> Input {
        let topic = Topic {
            brokers: brokers.to_owned(),
            name: "telemetry".to_owned(),
            group: "atalanta".to_owned(),
            from_start: true,
            properties: BTreeMap::new(),
        };
        let target = Target::parse("input_test_raw").unwrap();
        Input { path: PathBuf::from(topic.place()), target, kind: InputKind::Kafka(topic) }
    }

    fn send(producer: &BaseProducer, messages: std::ops::Range<usize>) {
        for number in messages {
            let payload = format!("{{\"n\":{number}}}");
            let record =
                BaseRecord::<str, str>::to("telemetry").payload(&payload).partition(number as i32 % 3);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(10)).unwrap();
    }

    #[test]
    fn a_topic_goes_on_behind_what_is_stored() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("telemetry", 3, 1).unwrap();
        let brokers = cluster.bootstrap_servers();
        let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", &brokers).create().unwrap();
        let data = tempfile::tempdir().unwrap();
        let mut sent = 0;
        for _ in 0..3 {
            let pipeline = pipeline(data.path());
            // Some while it does not run, some while it does; the last ones may not be stored before the end.
            send(&producer, sent..sent + 100);
            let mut inputs = Inputs::start(&pipeline, vec![input(&brokers)]).unwrap();
            send(&producer, sent + 100..sent + 200);
            wait_for(&pipeline, "input_test_raw", sent as u64 + 200);
            send(&producer, sent + 200..sent + 250);
            inputs.stop();
            sent += 250;
        }
        let pipeline = pipeline(data.path());
        let _inputs = Inputs::start(&pipeline, vec![input(&brokers)]).unwrap();
        wait_for(&pipeline, "input_test_raw", sent as u64);
    }

    #[test]
    fn brokers_that_cannot_be_reached_hold_up_nothing_else() {
        let data = tempfile::tempdir().unwrap();
        let pipeline = pipeline(data.path());
        let mut inputs = Inputs::start(&pipeline, vec![input("127.0.0.1:1")]).unwrap();
        inputs.stop();
    }
}
