-- +goose Up

-- Secret bindings: where a host finds the value of a credential, and where it
-- may send it. Never the value. A class uses one when its http grants name it.
-- The trigger fn_secret_check says what is wrong with a row, in a sentence.
create table lessee.secret_binding (
  name       text primary key check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  source     text not null check (source in ('env', 'file', 'systemd')),
  reference  text not null, -- name of a variable, absolute path, or name of a systemd credential
  hosts      text[] not null,
  header     text not null default 'Authorization',
  format     text not null default 'Bearer {}', -- {} is the secret, {base64} its base64
  enabled    boolean not null default true,
  owner      text not null,
  reason     text not null,
  exit_path  text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  updated_by text not null default session_user
);

grant select on lessee.secret_binding to lessee_operator, lessee_reader;
grant insert, update on lessee.secret_binding to lessee_operator;

-- +goose Down
drop table lessee.secret_binding;
