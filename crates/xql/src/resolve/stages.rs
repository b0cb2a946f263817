//! Stages to operations.

use atalanta_diag::Span;
use atalanta_schema::{Type, Xdm};

use super::Resolver;
use super::expr::{call, null};
use crate::facts::{FactKind, Usage};
use crate::ir::{Bucket, Column, Expr, ExprKind, OperationKind, Row};
use crate::syntax::ast::{self, BinSize, Setting, SourceKind, Stage, StageKind};
use crate::syntax::codes;

impl Resolver<'_> {
    pub(super) fn stage(&mut self, stage: &Stage, index: usize) {
        self.stage = index;
        self.stage_span = stage.span;
        match &stage.kind {
            StageKind::Config(settings) => self.config(settings),
            StageKind::Source(source) => self.source(source),
            StageKind::Filter(condition) => {
                let condition = self.condition(condition);
                self.emit(OperationKind::Filter(condition));
            }
            StageKind::Drop(condition) => self.drop_rows(condition),
            StageKind::Alter(assigns) => self.alter(assigns),
            StageKind::Fields(fields) => self.fields(fields),
            StageKind::Comp(comp) => self.comp(comp),
            StageKind::Window(items) => self.windowcomp(items),
            StageKind::Sort(keys) => self.sort(keys),
            StageKind::Limit(limit) => {
                self.emit(OperationKind::Limit(limit.map_or(u64::MAX, |(count, _)| count)));
            }
            StageKind::Dedup(dedup) => self.dedup(dedup),
            StageKind::Bin(bin) => self.bin(bin),
            StageKind::Join(join) => self.join(join),
            StageKind::Union(union) => self.union(union),
            StageKind::ArrayExpand { field, limit } => self.array_expand(field, *limit),
            StageKind::ReplaceNull { field, value } => self.replace_null(field, value),
            StageKind::Top(top) => self.top(top),
            StageKind::Search(search) => self.search(search),
            StageKind::Call(call) => self.call_query(call),
            StageKind::IpLoc(iploc) => self.iploc(iploc),
            StageKind::GetRole { field, alias } => self.getrole(field, alias.as_ref()),
            StageKind::Transaction(transaction) => self.transaction(transaction),
            StageKind::Pivot(pivot) => self.pivot(pivot),
            StageKind::Transpose(options) => self.transpose(options),
            StageKind::Tag(tags) => self.tag(tags),
            StageKind::View(view) => self.view(view),
            // Resolved with the whole query at hand; in a rules file it means nothing.
            StageKind::Target(_) => self.unsupported_word("target"),
            StageKind::Error => self.unreadable(),
        }
    }

    /// A stage that could not be read: nothing is known of the row after it.
    fn unreadable(&mut self) {
        self.scope.row.open = true;
        self.emit(OperationKind::Keep);
    }

    fn unsupported_word(&mut self, word: &str) {
        self.fact(FactKind::UnsupportedStage { word: word.to_owned() }, self.stage_span);
        self.scope.row.open = true;
        self.emit(OperationKind::Unsupported(word.to_owned()));
    }

    fn config(&mut self, settings: &[Setting]) {
        for setting in settings {
            match setting {
                Setting::CaseSensitive(value, _) => self.plan.case_sensitive = *value,
                Setting::TimeFrame(frame, _) => self.plan.timeframe = Some(frame.clone()),
                Setting::MaxRuntime(minutes, span) => {
                    if *minutes == 0 {
                        self.defect(codes::NUMBER, *span, "`max_runtime_minutes` is at least 1", None);
                    }
                    self.plan.max_runtime_minutes = Some(*minutes);
                }
                Setting::Unknown(_) => {}
            }
        }
    }

    fn source(&mut self, source: &ast::Source) {
        if source.kind == SourceKind::DataModel {
            return self.datamodel(&source.names);
        }
        let names: Vec<(String, Span)> = source.names.iter().map(|name| (name.folded(), name.span)).collect();
        self.open_datasets(&names);
    }

    /// `drop c` removes rows where the condition is true: unknown survives.
    fn drop_rows(&mut self, condition: &ast::Expr) {
        let span = condition.span;
        let condition = self.condition(condition);
        let known_false = Expr { kind: ExprKind::Bool(false), ty: Type::Bool, span };
        let decided = call("coalesce", vec![condition, known_false], Type::Bool, span);
        let kind = ExprKind::Not(Box::new(decided));
        self.emit(OperationKind::Filter(Expr { kind, ty: Type::Bool, span }));
    }

    /// Assignments of one stage see the incoming row; a reference to a sibling starts a new operation.
    fn alter(&mut self, assigns: &[ast::Assign]) {
        let mut pending: Vec<(String, Expr)> = Vec::new();
        for assign in assigns {
            if let Some((name, span)) = self.sibling(&assign.value, &pending) {
                self.fact(FactKind::SiblingField { name }, span);
                self.flush_assigns(&mut pending);
            }
            let value = self.expr(&assign.value);
            pending.push((assign.name.text.clone(), value));
        }
        self.flush_assigns(&mut pending);
    }

    fn flush_assigns(&mut self, pending: &mut Vec<(String, Expr)>) {
        if pending.is_empty() {
            return;
        }
        // Of two assignments to one field the last counts.
        let mut kept: Vec<(String, Expr)> = Vec::with_capacity(pending.len());
        for (name, value) in pending.drain(..) {
            kept.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
            kept.push((name, value));
        }
        *pending = kept;
        for (name, value) in pending.iter() {
            let field = match &value.kind {
                ExprKind::Column(source) => {
                    self.scope.row.find(source).and_then(|column| column.field.clone())
                }
                _ => None,
            };
            self.scope.set(name, value.ty.clone(), field);
        }
        self.emit(OperationKind::Assign(std::mem::take(pending)));
    }

    /// A field that only a sibling assignment defines.
    fn sibling(&self, value: &ast::Expr, pending: &[(String, Expr)]) -> Option<(String, Span)> {
        let mut found = None;
        value.walk(&mut |expr| {
            if let ast::ExprKind::Name(name) = &expr.kind
                && !self.is_column(name)
                && pending.iter().any(|(sibling, _)| sibling.eq_ignore_ascii_case(name))
            {
                found.get_or_insert((name.clone(), expr.span));
            }
        });
        found
    }

    fn fields(&mut self, fields: &ast::Fields) {
        self.restore_fields(fields);
        let row = self.scope.row.clone();
        if fields.exclude {
            let matches = |column: &Column| {
                fields.items.iter().any(|item| pattern_matches(&item.pattern.text, &column.name))
            };
            for item in &fields.items {
                let known = row.columns.iter().any(|c| pattern_matches(&item.pattern.text, &c.name));
                if !known && !item.pattern.text.contains('*') {
                    self.field_expr(&item.pattern.text, item.pattern.span, Usage::Shown);
                }
            }
            let kept: Vec<Column> = row
                .columns
                .iter()
                .filter(|column| column.system || !matches(column))
                .map(|column| Column::clone(column))
                .collect();
            let projection = kept.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
            self.scope.replace_row(kept, row.open, self.stage, self.stage_span);
            self.emit(OperationKind::Project(projection));
            return;
        }
        self.select(&row, &fields.items);
    }

    /// A `fields` right behind another may name columns that only the first one's input had (`XQL.md` O-29).
    fn restore_fields(&mut self, fields: &ast::Fields) {
        let before = match self.plan.operations.as_slice() {
            [.., before, last] if last.stage + 1 == self.stage && !fields.exclude => match &last.kind {
                OperationKind::Project(_) => before.row.clone(),
                _ => return,
            },
            _ => return,
        };
        let mut restored: Vec<Column> = Vec::new();
        for item in &fields.items {
            let pattern = &item.pattern.text;
            let matching = |row: &Row| -> Vec<Column> {
                let found = row.columns.iter().filter(|column| pattern_matches(pattern, &column.name));
                found.map(|column| Column::clone(column)).collect()
            };
            if matching(&self.scope.row).is_empty() {
                restored.extend(matching(&before));
            }
        }
        if restored.is_empty() {
            return;
        }
        let names: Vec<&str> = restored.iter().map(|column| column.name.as_str()).collect();
        let message = format!("the `fields` stage before this one removed {}", names.join(", "));
        let help = "list them there too; they are kept here";
        self.warn(codes::PLACE, self.stage_span, message, help);
        let mut columns: Vec<Column> =
            self.scope.row.columns.iter().map(|column| Column::clone(column)).collect();
        if let Some(last) = self.plan.operations.last_mut()
            && let OperationKind::Project(projection) = &mut last.kind
        {
            projection.extend(restored.iter().map(|column| (column.name.clone(), column.name.clone())));
            columns.extend(restored);
            last.row = Row::new(columns, last.row.open);
            self.scope.row = last.row.clone();
        }
    }

    /// Wildcards stand at an end; one at the start excludes dots behind it.
    fn check_pattern(&mut self, pattern: &ast::Name) {
        let text = &pattern.text;
        if text.trim_matches('*').contains('*') {
            let message = format!("`*` inside of the pattern `{text}`");
            self.defect(codes::EXPECTED, pattern.span, message, Some("it stands at the start or at the end"));
        }
        let quoted = pattern.span.end.saturating_sub(pattern.span.start) as usize > text.len();
        if text.starts_with('*') && text.contains('.') && !quoted {
            let message = format!("the pattern `{text}` starts with `*` and has a dot");
            self.departure(codes::EXPECTED, pattern.span, message, "write the rest in backticks: *`.ipv4`");
        }
    }

    fn select(&mut self, row: &Row, items: &[ast::FieldItem]) {
        let mut nulls: Vec<(String, Expr)> = Vec::new();
        let mut projection: Vec<(String, String)> = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        for item in items {
            if let Some(members) = field_set(&item.pattern.text) {
                for column in row.columns.iter().filter(|c| members.contains(&c.name.as_str())) {
                    add_column(&mut projection, &mut columns, column, &column.name);
                }
                continue;
            }
            if item.pattern.text.contains('*') {
                self.check_pattern(&item.pattern);
                for column in row.columns.iter().filter(|c| pattern_matches(&item.pattern.text, &c.name)) {
                    add_column(&mut projection, &mut columns, column, &column.name);
                }
                continue;
            }
            let shown = item.alias.as_ref().map_or(&item.pattern.text, |alias| &alias.text);
            let found = self.field_expr(&item.pattern.text, item.pattern.span, Usage::Shown);
            if let ExprKind::Column(name) = &found.kind {
                let known = row.find(name).cloned();
                let column = known.unwrap_or_else(|| Column {
                    name: name.clone(),
                    ty: found.ty.clone(),
                    field: None,
                    system: false,
                    empty: false,
                });
                let taken = projection.iter().find(|(_, known)| known.eq_ignore_ascii_case(shown));
                if taken.is_some_and(|(source, _)| !source.eq_ignore_ascii_case(name)) {
                    let at = item.alias.as_ref().map_or(item.pattern.span, |alias| alias.span);
                    self.fact(FactKind::DuplicateColumn { name: shown.clone() }, at);
                }
                add_column(&mut projection, &mut columns, &column, shown);
            } else {
                let ty = found.ty.clone();
                let column = Column { name: shown.clone(), ty, field: None, system: false, empty: false };
                nulls.push((shown.clone(), found));
                add_column(&mut projection, &mut columns, &column, shown);
            }
        }
        for column in row.columns.iter().filter(|column| column.system) {
            add_column(&mut projection, &mut columns, column, &column.name);
        }
        if !nulls.is_empty() {
            for (name, value) in &nulls {
                self.scope.set(name, value.ty.clone(), None);
            }
            self.emit(OperationKind::Assign(nulls));
        }
        self.scope.replace_row(columns, false, self.stage, self.stage_span);
        self.emit(OperationKind::Project(projection));
    }

    fn sort(&mut self, keys: &[ast::SortKey]) {
        let mut resolved = Vec::new();
        for key in keys {
            let value = self.field_expr(&key.field.text, key.field.span, Usage::Sorted);
            // A key that is null in every row does not order anything.
            if value.kind != ExprKind::Null {
                resolved.push((value, key.descending.unwrap_or(false)));
            }
        }
        if resolved.is_empty() {
            self.emit(OperationKind::Keep);
        } else {
            self.emit(OperationKind::Sort(resolved));
        }
    }

    fn dedup(&mut self, dedup: &ast::Dedup) {
        let mut keys = Vec::new();
        for key in &dedup.fields {
            let value = self.field_expr(&key.text, key.span, Usage::Key);
            if matches!(value.ty, Type::Array(_)) {
                let message = format!("`dedup` by `{}`, which is a {}", key.text, value.ty);
                let help = "make it text first: `alter t = arraystring(…, \",\")`";
                self.defect(codes::EXPECTED, key.span, message, Some(help));
            }
            if let ExprKind::Column(name) = value.kind {
                keys.push(name);
            }
        }
        let by = dedup.by.as_ref().and_then(|key| self.order_key(key));
        let then = dedup.then.iter().filter_map(|key| self.order_key(key)).collect();
        self.emit(OperationKind::Dedup { keys, by, then });
    }

    fn order_key(&mut self, key: &ast::SortKey) -> Option<(String, bool)> {
        let name = self.column_name(&key.field, Usage::Sorted)?;
        Some((name, key.descending.unwrap_or(false)))
    }

    fn bin(&mut self, bin: &ast::Bin) {
        let bucket = match bin.size {
            Some(BinSize::Span(size)) => {
                Bucket::Time { size, shift: bin.timeshift, zone: bin.timezone.clone() }
            }
            Some(BinSize::Width(width)) => Bucket::Width(width),
            None => return self.emit(OperationKind::Keep),
        };
        let value = self.field_expr(&bin.field.text, bin.field.span, Usage::Computed);
        let ExprKind::Column(column) = value.kind else { return self.emit(OperationKind::Keep) };
        let wanted = if matches!(bucket, Bucket::Time { .. }) { Type::Timestamp } else { Type::Float };
        let fits = match &value.ty {
            Type::Any => true,
            Type::Int | Type::Float => wanted == Type::Float,
            other => *other == wanted,
        };
        if !fits {
            let expected = if wanted == Type::Float { "number" } else { "datetime" };
            self.fact(super::expr::mismatch("bin", expected, value.ty), bin.field.span);
            return self.emit(OperationKind::Keep);
        }
        self.emit(OperationKind::Bin { column, bucket });
    }

    fn array_expand(&mut self, field: &ast::Name, limit: Option<u64>) {
        let value = self.field_expr(&field.text, field.span, Usage::Computed);
        let ExprKind::Column(column) = value.kind else {
            // Null arrays have no elements: no row remains.
            return self.emit(OperationKind::Limit(0));
        };
        let element = match &value.ty {
            Type::Array(element) => (**element).clone(),
            Type::Any => Type::Any,
            other => {
                let found = other.clone();
                self.fact(super::expr::mismatch("arrayexpand", "array", found), field.span);
                return self.emit(OperationKind::Keep);
            }
        };
        let field_name = self.scope.row.find(&column).and_then(|column| column.field.clone());
        self.scope.set(&column, element, field_name);
        self.emit(OperationKind::ArrayExpand { column, limit });
    }

    fn replace_null(&mut self, field: &ast::Name, value: &ast::Expr) {
        let current = self.field_expr(&field.text, field.span, Usage::Computed);
        let span = self.stage_span;
        let mut filler = self.expr(value);
        if let (Type::Timestamp, ExprKind::String(text)) = (&current.ty, &filler.kind) {
            let text = super::expr::string(text, filler.span);
            filler = call("timestamp_text", vec![text], Type::Timestamp, filler.span);
        }
        let cut = current.ty == Type::Int && filler.ty == Type::Float;
        if cut || Type::common(&current.ty, &filler.ty).is_none() {
            self.fact(
                super::expr::mismatch("replacenull", &current.ty.to_string(), filler.ty.clone()),
                value.span,
            );
        }
        let name = match &current.kind {
            ExprKind::Column(name) => name.clone(),
            _ => field.text.clone(),
        };
        let ty = if cut || current.ty == Type::Null { filler.ty.clone() } else { current.ty.clone() };
        let filled = if matches!(current.ty, Type::Array(_)) {
            self.filled_array(current, filler, &ty)
        } else {
            call("coalesce", vec![current, filler], ty.clone(), span)
        };
        let field_name = self.scope.row.find(&name).and_then(|column| column.field.clone());
        self.scope.set(&name, ty, field_name);
        self.emit(OperationKind::Assign(vec![(name, filled)]));
    }

    /// An empty array counts as null.
    fn filled_array(&self, current: Expr, filler: Expr, ty: &Type) -> Expr {
        let span = self.stage_span;
        let length = Box::new(call("array_length", vec![current.clone()], Type::Int, span));
        let zero = Box::new(Expr { kind: ExprKind::Int(0), ty: Type::Int, span });
        let compare = ExprKind::Compare { operator: crate::ir::Comparison::Gt, left: length, right: zero };
        let set = super::expr::boolean(compare, span);
        call("if", vec![set, current, filler], ty.clone(), span)
    }

    pub(super) fn null_here(&self) -> Expr {
        null(self.stage_span)
    }
}

fn add_column(
    projection: &mut Vec<(String, String)>,
    columns: &mut Vec<Column>,
    column: &Column,
    shown: &str,
) {
    if columns.iter().any(|known| known.name.eq_ignore_ascii_case(shown)) {
        return;
    }
    projection.push((column.name.clone(), shown.to_owned()));
    columns.push(Column { name: shown.to_owned(), ..column.clone() });
}

/// The members of `fieldset.xdm_core` and of `XDM_ALIAS.ipv4`.
fn field_set(pattern: &str) -> Option<&'static [&'static str]> {
    let (kind, name) = pattern.split_once('.')?;
    match kind.to_ascii_lowercase().as_str() {
        "fieldset" => Xdm::builtin().fieldset(name),
        "xdm_alias" => Xdm::builtin().alias(name),
        _ => None,
    }
}

/// Field patterns have `*` at the start, at the end, or both.
fn pattern_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let core = pattern.trim_matches('*');
    match (pattern.starts_with('*'), pattern.len() > core.len() && pattern.ends_with('*')) {
        (true, true) => name.contains(core),
        (true, false) => name.ends_with(core),
        (false, true) => name.starts_with(core),
        (false, false) => name == pattern,
    }
}
