/**
 * What people did by hand, for good: entries are added and never changed, and each one carries the hash of the one
 * before it (I15). The chain is made here and not by the writer, so that whoever writes an entry writes it into the chain.
 */
export const ACTION_TABLES = `
-- The one row: the end of the chain. Who adds an entry locks it, so that the chain has neither forks nor gaps.
create table action_chain (
  is_end boolean primary key default true check (is_end),
  last_id bigint not null default 0,
  last_hash text not null default ''
);
insert into action_chain default values;

create table actions (
  id bigint primary key,
  -- Whoever asks twice under one key acts once.
  key text unique,
  at timestamptz not null,
  actor text not null check (actor <> ''),
  kind text not null,
  subject text not null,
  -- Asked for where an action cannot be undone or overrules a rule; null for an ordinary change.
  reason text check (reason <> ''),
  approver text check (approver <> '' and approver <> actor),
  detail jsonb not null,
  previous_hash text not null unique,
  hash text not null unique
);
create index actions_of_subject on actions (subject, id);

-- Over everything of an entry but the hash itself; instants as seconds, so that no time zone has a say.
create function hash_action(a actions) returns text language sql stable as $$
  select encode(sha256(convert_to(jsonb_build_array(a.previous_hash, a.id, a.key, extract(epoch from a.at), a.actor,
    a.kind, a.subject, a.reason, a.approver, a.detail)::text, 'UTF8')), 'hex')
$$;

create function chain_action() returns trigger language plpgsql as $$
begin
  update action_chain set last_id = last_id + 1 returning last_id, last_hash into new.id, new.previous_hash;
  new.hash := hash_action(new);
  update action_chain set last_hash = new.hash;
  return new;
end $$;
create trigger actions_chain before insert on actions for each row execute function chain_action();

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger actions_stay before update or delete or truncate on actions
  for each statement execute function refuse_change();
create trigger action_chain_stays before delete or truncate on action_chain
  for each statement execute function refuse_change();
`
