//! One event and the builders of its columns: the part of `xdr_data` that the hunts and their evidence use.

use std::sync::Arc;

use anyhow::Result;
use arrow::array::{
    ArrayRef, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringDictionaryBuilder,
    StringViewBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimeUnit};

/// A free text value; the buffer is reused from row to row.
#[derive(Debug, Default)]
pub struct Text {
    set: bool,
    buffer: String,
}

impl Text {
    /// Stores a copy of the text.
    pub fn put(&mut self, text: &str) {
        self.fill().push_str(text);
    }

    /// Marks the value as present and hands out its empty buffer.
    pub fn fill(&mut self) -> &mut String {
        self.set = true;
        self.buffer.clear();
        &mut self.buffer
    }

    /// The text, if present.
    pub fn get(&self) -> Option<&str> {
        self.set.then_some(self.buffer.as_str())
    }
}

/// A value of a column with few distinct values.
#[derive(Debug, Default, Clone, Copy)]
pub struct Name(pub Option<&'static str>);

/// Microseconds since 1970 in UTC.
#[derive(Debug, Default, Clone, Copy)]
pub struct Instant(pub i64);

/// How a value type is stored in Arrow.
trait Cell: Default {
    type Builder: Default;
    fn data_type() -> DataType;
    fn append(&self, builder: &mut Self::Builder);
    fn clear(&mut self);
    fn finish(builder: &mut Self::Builder) -> ArrayRef;
}

impl Cell for Text {
    type Builder = StringViewBuilder;
    fn data_type() -> DataType {
        DataType::Utf8View
    }
    fn append(&self, builder: &mut Self::Builder) {
        builder.append_option(self.get());
    }
    fn clear(&mut self) {
        self.set = false;
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

impl Cell for Name {
    type Builder = StringDictionaryBuilder<Int32Type>;
    fn data_type() -> DataType {
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
    }
    fn append(&self, builder: &mut Self::Builder) {
        builder.append_option(self.0);
    }
    fn clear(&mut self) {
        self.0 = None;
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

/// Times are stored with the zone UTC, so the builder needs a type of its own for its default.
struct UtcBuilder(TimestampMicrosecondBuilder);

impl Default for UtcBuilder {
    fn default() -> Self {
        Self(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
    }
}

impl Cell for Instant {
    type Builder = UtcBuilder;
    fn data_type() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    }
    fn append(&self, builder: &mut Self::Builder) {
        builder.0.append_value(self.0);
    }
    fn clear(&mut self) {
        self.0 = 0;
    }
    fn finish(builder: &mut Self::Builder) -> ArrayRef {
        Arc::new(builder.0.finish())
    }
}

macro_rules! number_cell {
    ($value:ty, $builder:ty, $data_type:expr) => {
        impl Cell for Option<$value> {
            type Builder = $builder;
            fn data_type() -> DataType {
                $data_type
            }
            fn append(&self, builder: &mut Self::Builder) {
                builder.append_option(*self);
            }
            fn clear(&mut self) {
                *self = None;
            }
            fn finish(builder: &mut Self::Builder) -> ArrayRef {
                Arc::new(builder.finish())
            }
        }
    };
}

number_cell!(i32, Int32Builder, DataType::Int32);
number_cell!(i64, Int64Builder, DataType::Int64);
number_cell!(f64, Float64Builder, DataType::Float64);

macro_rules! event {
    ($($name:ident: $value:ty,)*) => {
        /// One row. Every field is a column of `xdr_data` with that name (see SCHEMA section 3).
        #[derive(Debug, Default)]
        pub struct Event { $(pub $name: $value,)* }

        impl Event {
            /// Makes every value null.
            pub fn clear(&mut self) { $(self.$name.clear();)* }
        }

        /// Collects events into record batches.
        #[derive(Default)]
        pub struct Batch { rows: usize, $($name: <$value as Cell>::Builder,)* }

        impl Batch {
            /// Adds one row.
            pub fn append(&mut self, event: &Event) {
                $(event.$name.append(&mut self.$name);)*
                self.rows += 1;
            }

            /// Rows since the last `finish`.
            pub fn rows(&self) -> usize { self.rows }

            /// The collected rows; leaves the batch empty.
            ///
            /// # Errors
            /// If the columns do not fit the schema.
            pub fn finish(&mut self, schema: &Arc<Schema>) -> Result<RecordBatch> {
                self.rows = 0;
                let columns = vec![$(<$value as Cell>::finish(&mut self.$name),)*];
                Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
            }
        }

        /// The Arrow schema of the files.
        pub fn schema() -> Arc<Schema> {
            Arc::new(Schema::new(vec![$(
                Field::new(stringify!($name), <$value as Cell>::data_type(), stringify!($name) != "_time"),
            )*]))
        }
    };
}

event! {
    _time: Instant,
    event_id: Text,
    event_type: Name,
    event_class: Name,
    event_sub_type: Name,
    event_outcome: Name,
    source_name: Name,
    session_id: Text,
    trace_id: Text,
    request_id: Text,
    agent_hostname: Text,
    agent_id: Text,
    agent_ip_addresses: Text,
    agent_os_type: Text,
    actor_process_image_name: Text,
    actor_process_image_path: Text,
    actor_process_command_line: Text,
    actor_process_os_pid: Option<i64>,
    actor_process_instance_id: Text,
    actor_process_causality_id: Text,
    actor_primary_user_sid: Text,
    actor_primary_username: Text,
    actor_type: Name,
    container_image_name: Text,
    k8s_namespace: Text,
    k8s_pod_name: Text,
    cloud_region: Name,
    action_process_image_name: Text,
    action_process_image_path: Text,
    action_process_command_line: Text,
    action_process_image_sha256: Text,
    action_process_os_pid: Option<i64>,
    action_process_instance_id: Text,
    action_process_cpu_time: Option<f64>,
    action_file_path: Text,
    action_file_name: Text,
    action_file_extension: Text,
    action_file_operation: Name,
    action_file_hash: Text,
    action_file_size: Option<i64>,
    action_local_ip: Text,
    action_local_port: Option<i32>,
    action_remote_ip: Text,
    action_remote_port: Option<i32>,
    action_remote_hostname: Text,
    action_network_protocol: Name,
    network_transport: Name,
    action_network_bytes_out: Option<i64>,
    action_network_bytes_in: Option<i64>,
    action_http_request_method: Name,
    action_http_request_uri: Text,
    action_http_request_body: Text,
    action_http_user_agent: Text,
    http_status: Option<i32>,
    llm_provider: Name,
    llm_model: Text,
    llm_input_tokens: Option<i64>,
    llm_output_tokens: Option<i64>,
    tool_name: Text,
    tool_server: Text,
    tool_type: Name,
    tool_arguments: Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleared_row_is_null_everywhere() {
        let schema = schema();
        let mut batch = Batch::default();
        let mut event = Event::default();
        event.action_file_path.put("/a");
        event.http_status = Some(200);
        batch.append(&event);
        event.clear();
        batch.append(&event);
        let rows = batch.finish(&schema).expect("columns fit");
        for (column, field) in rows.columns().iter().zip(schema.fields()) {
            let nulls = usize::from(field.is_nullable());
            assert_eq!(usize::from(column.is_null(1)), nulls, "{}", field.name());
        }
        assert!(!rows.column_by_name("http_status").expect("column").is_null(0));
    }
}
