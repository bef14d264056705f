-- Views over the warehouse for the serverless SQL pool of Azure Synapse Analytics: of every row the newest, of the runs that count.
-- Run once, in a database of its own:
--   create database openward collate Latin1_General_100_BIN2_UTF8
-- after putting in place of abfss://FILESYSTEM@ACCOUNT.dfs.core.windows.net/PATH what WAREHOUSE_URL says.
-- The pool reads as whoever asks: they need the role Storage Blob Data Reader on the file system.
-- A test compares this file with the tables that the program writes: openward warehouse views --for synapse --at 'abfss://FILESYSTEM@ACCOUNT.dfs.core.windows.net/PATH'

create external data source openward_warehouse with (location = 'abfss://FILESYSTEM@ACCOUNT.dfs.core.windows.net/PATH')
go

create or alter view dbo.committed_runs as
select generation, run, as_of
  from (select generation, run, as_of, max(generation) over () as newest
          from openrowset(bulk 'manifests/*.json', data_source = 'openward_warehouse', format = 'csv', parser_version = '1.0', fieldterminator = '0x0b', fieldquote = '0x0b', rowterminator = '0x0b')
               with (document nvarchar(max)) as manifest
         cross apply openjson(document)
               with (generation int '$.generation', run int '$.run', as_of datetimeoffset '$.as_of')) as every_run
 where generation = newest
go

create or alter view dbo.dim_date as
select [date], [year], [quarter], [month], [day], [iso_weekday], [iso_week], [iso_week_year], [is_weekend]
  from (select written.*, row_number() over (partition by written.[date] order by runs.run desc) as place
          from openrowset(bulk 'data/dim_date/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [date] date,
                 [year] int,
                 [quarter] int,
                 [month] int,
                 [day] int,
                 [iso_weekday] int,
                 [iso_week] int,
                 [iso_week_year] int,
                 [is_weekend] bit) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.dim_department as
select [department_key], [code], [name], [is_active]
  from (select written.*, row_number() over (partition by written.[department_key] order by runs.run desc) as place
          from openrowset(bulk 'data/dim_department/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [department_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [code] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [name] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [is_active] bit) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.dim_doctor as
select [doctor_key], [in_force_from], [is_active], [department_key], [specialization], [timezone], [consultation_minutes]
  from (select written.*, row_number() over (partition by written.[doctor_key], written.[in_force_from] order by runs.run desc) as place
          from openrowset(bulk 'data/dim_doctor/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [doctor_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [in_force_from] datetime2(6),
                 [is_active] bit,
                 [department_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [specialization] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [timezone] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [consultation_minutes] int) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.dim_patient as
select [patient_key], [status], [gender], [birth_year], [age_class], [registered_date]
  from (select written.*, row_number() over (partition by written.[patient_key] order by runs.run desc) as place
          from openrowset(bulk 'data/dim_patient/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [patient_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [status] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [gender] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [birth_year] int,
                 [age_class] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [registered_date] date) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.dim_resource as
select [resource_key], [in_force_from], [resource_type], [resource_code], [ward], [department_key], [lanes], [state]
  from (select written.*, row_number() over (partition by written.[resource_key], written.[in_force_from] order by runs.run desc) as place
          from openrowset(bulk 'data/dim_resource/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [resource_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [in_force_from] datetime2(6),
                 [resource_type] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [resource_code] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [ward] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [department_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [lanes] int,
                 [state] varchar(400) collate Latin1_General_100_BIN2_UTF8) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.dim_user as
select [user_key], [role], [is_active], [created_at]
  from (select written.*, row_number() over (partition by written.[user_key] order by runs.run desc) as place
          from openrowset(bulk 'data/dim_user/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [user_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [role] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [is_active] bit,
                 [created_at] datetime2(6)) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.fact_appointment as
select [appointment_key], [patient_key], [doctor_key], [date], [starts_at], [ends_at], [duration_minutes], [status], [kind], [priority], [lead_minutes], [is_overbooked]
  from (select written.*, row_number() over (partition by written.[appointment_key] order by runs.run desc) as place
          from openrowset(bulk 'data/fact_appointment/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [appointment_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [patient_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [doctor_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [date] date,
                 [starts_at] datetime2(6),
                 [ends_at] datetime2(6),
                 [duration_minutes] int,
                 [status] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [kind] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [priority] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [lead_minutes] int,
                 [is_overbooked] bit) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.fact_visit as
select [visit_key], [patient_key], [doctor_key], [department_key], [appointment_key], [date], [opened_at], [closed_at], [type], [status], [priority], [is_open], [ended_minutes], [news2_score]
  from (select written.*, row_number() over (partition by written.[visit_key] order by runs.run desc) as place
          from openrowset(bulk 'data/fact_visit/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [visit_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [patient_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [doctor_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [department_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [appointment_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [date] date,
                 [opened_at] datetime2(6),
                 [closed_at] datetime2(6),
                 [type] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [status] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [priority] int,
                 [is_open] bit,
                 [ended_minutes] int,
                 [news2_score] int) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.fact_vital_sign as
select [assessment_key], [sign], [patient_key], [visit_key], [date], [taken_at], [finalized_at], [loinc_code], [unit], [value], [value_code], [is_flagged], [is_amended]
  from (select written.*, row_number() over (partition by written.[assessment_key], written.[sign] order by runs.run desc) as place
          from openrowset(bulk 'data/fact_vital_sign/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [assessment_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [sign] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [patient_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [visit_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [date] date,
                 [taken_at] datetime2(6),
                 [finalized_at] datetime2(6),
                 [loinc_code] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [unit] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [value] float,
                 [value_code] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [is_flagged] bit,
                 [is_amended] bit) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1 and (value is not null or value_code is not null)
go

create or alter view dbo.fact_resource_assignment as
select [assignment_key], [patient_key], [resource_key], [resource_type], [resource_code], [ward], [lane], [is_bed], [date], [assigned_at], [expected_release_at], [released_at], [assigned_minutes], [moved_from_key]
  from (select written.*, row_number() over (partition by written.[assignment_key] order by runs.run desc) as place
          from openrowset(bulk 'data/fact_resource_assignment/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [assignment_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [patient_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [resource_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [resource_type] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [resource_code] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [ward] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [lane] int,
                 [is_bed] bit,
                 [date] date,
                 [assigned_at] datetime2(6),
                 [expected_release_at] datetime2(6),
                 [released_at] datetime2(6),
                 [assigned_minutes] int,
                 [moved_from_key] varchar(400) collate Latin1_General_100_BIN2_UTF8) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.fact_prescription as
select [prescription_key], [patient_key], [doctor_key], [visit_key], [appointment_key], [date], [begun_at], [status], [signed_at], [dispensed_at], [cancelled_at], [replaces_key], [medicine_count], [atc_codes]
  from (select written.*, row_number() over (partition by written.[prescription_key] order by runs.run desc) as place
          from openrowset(bulk 'data/fact_prescription/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [prescription_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [patient_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [doctor_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [visit_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [appointment_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [date] date,
                 [begun_at] datetime2(6),
                 [status] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [signed_at] datetime2(6),
                 [dispensed_at] datetime2(6),
                 [cancelled_at] datetime2(6),
                 [replaces_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [medicine_count] int,
                 [atc_codes] varchar(400) collate Latin1_General_100_BIN2_UTF8) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.fact_alert as
select [alert_key], [patient_key], [visit_key], [assessment_key], [date], [raised_at], [reason], [acknowledged_at]
  from (select written.*, row_number() over (partition by written.[alert_key] order by runs.run desc) as place
          from openrowset(bulk 'data/fact_alert/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [alert_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [patient_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [visit_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [assessment_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [date] date,
                 [raised_at] datetime2(6),
                 [reason] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [acknowledged_at] datetime2(6)) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go

create or alter view dbo.fact_document as
select [document_key], [patient_key], [visit_key], [date], [uploaded_at], [kind], [status], [deleted_at]
  from (select written.*, row_number() over (partition by written.[document_key] order by runs.run desc) as place
          from openrowset(bulk 'data/fact_document/generation=*/run=*/*.parquet', data_source = 'openward_warehouse', format = 'parquet')
               with (
                 [document_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [patient_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [visit_key] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [date] date,
                 [uploaded_at] datetime2(6),
                 [kind] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [status] varchar(400) collate Latin1_General_100_BIN2_UTF8,
                 [deleted_at] datetime2(6)) as written
          join dbo.committed_runs as runs
            on runs.generation = cast(written.filepath(1) as int) and runs.run = cast(written.filepath(2) as int)) as newest
 where place = 1
go
