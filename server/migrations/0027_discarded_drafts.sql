-- A draft that nobody goes on with no longer keeps its visit from ending. What was typed stays, for its author to read.

alter table assessments drop constraint assessments_status_check;
alter table assessments add constraint assessments_status_check check (status in ('draft', 'preliminary', 'final', 'amended', 'discarded'));
alter table assessments drop constraint assessments_draft_until_final;
alter table assessments add constraint assessments_draft_until_final
  check ((status in ('draft', 'preliminary', 'discarded')) = (sealed_draft is not null));
alter table assessments drop constraint assessments_signed;
alter table assessments add constraint assessments_signed check ((status in ('draft', 'discarded')) = (current_number = 0));
