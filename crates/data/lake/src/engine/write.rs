//! Data files: written beside, made safe on disk, then moved to their name. Only the catalogue makes
//! them part of a table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use arrow::array::{Array, AsArray as _, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::compute::{max, min};
use arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::files::LakeFiles;
use crate::LakeError;
use crate::catalog::DataFile;

/// Rows of a row group: small enough to leave many out, large enough to read fast.
const ROW_GROUP: usize = 256 << 10;
/// Owners of rows in one file that the catalogue keeps spans of; more are not told apart.
const OWNERS: usize = 1000;

/// A Parquet file being written. Dropped before [`ParquetFile::finish`] it leaves nothing.
pub(crate) struct ParquetFile {
    path: String,
    spec: String,
    on_disk: PathBuf,
    beside: PathBuf,
    writer: Option<ArrowWriter<BufWriter<File>>>,
    time: Option<usize>,
    span: Option<(i64, i64)>,
    owner: Option<usize>,
    spans: BTreeMap<String, (i64, i64)>,
    rows: u64,
}

impl ParquetFile {
    /// Begins a file of a new name in `folder` (below the lake's) and its partition's folder `spec`.
    /// `time` is the column whose span the catalogue keeps.
    pub(crate) fn create(
        files: &LakeFiles,
        folder: &str,
        spec: &str,
        schema: SchemaRef,
        time: Option<&str>,
    ) -> Result<Self, LakeError> {
        let name = format!("{}.parquet", uuid::Uuid::now_v7().simple());
        let path = if spec.is_empty() { format!("{folder}/{name}") } else { format!("{folder}/{spec}/{name}") };
        let on_disk = files.on_disk(&path);
        if let Some(parent) = on_disk.parent() {
            std::fs::create_dir_all(parent).map_err(LakeError::io("make the folder", parent))?;
        }
        // A hidden name: the folder may be one that is read as it is.
        let beside = on_disk.with_file_name(format!("_{name}.tmp"));
        let file = File::create(&beside).map_err(LakeError::io("create", &beside))?;
        let time = time.and_then(|name| schema.index_of(name).ok());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let writer = ArrowWriter::try_new(BufWriter::with_capacity(1 << 20, file), schema, Some(properties));
        let writer = writer.map_err(|e| LakeError::Execution(e.to_string()))?;
        let spec = spec.to_owned();
        let (owner, spans) = (None, BTreeMap::new());
        Ok(Self { path, spec, on_disk, beside, writer: Some(writer), time, span: None, owner, spans, rows: 0 })
    }

    /// Keeps the spans of each owner of rows beside that of all: `column` is text that names the owner.
    pub(crate) fn owned_by(mut self, schema: &SchemaRef, column: Option<&str>) -> Self {
        self.owner = column.and_then(|name| schema.index_of(name).ok());
        self
    }

    /// Adds rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        if let Some(writer) = &mut self.writer {
            writer.write(batch).map_err(|e| LakeError::Execution(e.to_string()))?;
        }
        self.rows += batch.num_rows() as u64;
        let times = self.time.and_then(|ix| batch.column(ix).as_any().downcast_ref::<TimestampMillisecondArray>());
        if let Some((least, most)) = times.and_then(|times| min(times).zip(max(times))) {
            let (a, b) = self.span.unwrap_or((least, most));
            self.span = Some((a.min(least), b.max(most)));
        }
        if let Some((times, owners)) = times.zip(self.owner) {
            self.note_owners(times, batch.column(owners).as_string_opt());
        }
        Ok(())
    }

    fn note_owners(&mut self, times: &TimestampMillisecondArray, owners: Option<&StringArray>) {
        let Some(owners) = owners else { return self.forget_owners() };
        for (at, owner) in times.iter().zip(owners) {
            let (Some(at), owner) = (at, owner.unwrap_or_default()) else { continue };
            match self.spans.get_mut(owner) {
                Some((least, most)) => (*least, *most) = ((*least).min(at), (*most).max(at)),
                None => drop(self.spans.insert(owner.to_owned(), (at, at))),
            }
        }
        if self.spans.len() > OWNERS {
            self.forget_owners();
        }
    }

    /// The file does not say whose its rows are: it is kept as long as the slowest clock wants.
    fn forget_owners(&mut self) {
        (self.owner, self.spans) = (None, BTreeMap::new());
    }

    /// Bytes written so far, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.writer.as_ref().map_or(0, |w| w.bytes_written() + w.in_progress_size())
    }

    /// Makes it safe on disk under its name.
    pub(crate) fn finish(mut self) -> Result<DataFile, LakeError> {
        let Some(writer) = self.writer.take() else {
            return Err(LakeError::Execution("a file was finished twice".to_owned()));
        };
        let failed = |e: datafusion::parquet::errors::ParquetError| LakeError::Execution(e.to_string());
        let buffered = writer.into_inner().map_err(failed)?;
        let file = buffered.into_inner().map_err(|e| LakeError::io("write", &self.beside)(e.into_error()))?;
        file.sync_all().map_err(LakeError::io("make safe", &self.beside))?;
        let bytes = file.metadata().map_err(LakeError::io("look at", &self.beside))?.len();
        std::fs::rename(&self.beside, &self.on_disk).map_err(LakeError::io("rename", &self.beside))?;
        if let Some(parent) = self.on_disk.parent() {
            File::open(parent).and_then(|dir| dir.sync_all()).map_err(LakeError::io("make safe", parent))?;
        }
        Ok(DataFile {
            path: std::mem::take(&mut self.path),
            spec: std::mem::take(&mut self.spec),
            rows: self.rows,
            bytes,
            span: self.span,
            spans: std::mem::take(&mut self.spans),
        })
    }
}

impl Drop for ParquetFile {
    fn drop(&mut self) {
        // After `finish` it has another name.
        let _ = std::fs::remove_file(&self.beside);
    }
}

/// Finished files that no table names yet: dropped before [`Pending::keep`], they go.
#[derive(Debug)]
pub(crate) struct Pending {
    files: Vec<DataFile>,
    root: LakeFiles,
}

impl Pending {
    pub(crate) fn new(root: &LakeFiles) -> Self {
        Self { files: Vec::new(), root: root.clone() }
    }

    pub(crate) fn push(&mut self, file: DataFile) {
        self.files.push(file);
    }

    /// Those that wait.
    pub(crate) fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// From here on the catalogue decides: what it does not take is swept later.
    pub(crate) fn keep(&mut self) -> Vec<DataFile> {
        std::mem::take(&mut self.files)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = std::fs::remove_file(self.root.on_disk(&file.path));
        }
    }
}
