-- +goose Up

-- What hosts do by these settings since the first migration said it.
update lessee.runtime_setting set description = 'an idle host looks for work every two of these, every eight while NOTIFY works' where name = 'queue.poll_ms';
update lessee.runtime_setting set description = 'how long a lease holds without renewal; hosts renew two or three times in it' where name = 'lease.ttl_ms';

-- +goose Down
update lessee.runtime_setting set description = 'how often an idle host looks for work when no NOTIFY comes' where name = 'queue.poll_ms';
update lessee.runtime_setting set description = 'how long a lease holds without renewal; hosts renew three times in it' where name = 'lease.ttl_ms';
