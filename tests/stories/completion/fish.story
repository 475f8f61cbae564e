The script for fish offers the same, with what each means.
Needs: fish

$ fish -c 'pgseal completion fish | source; complete -C "pgseal "'
apply	carry the plan out; safe to repeat, safe to interrupt
ca	the authorities
completion	a script that completes pgseal's command lines in a shell
debt	what hosts are owed
demo	a throw-away environment on this machine, from plaintext to proven TLS
host	hosts
init	write a commented pgseal.toml
log	who did what
plan	observe every host and print what apply would do; changes nothing
status	one screen: hosts, certificates, TLS, debts
user	identities
verify	prove TLS host by host and identity by identity; changes nothing

$ fish -c 'pgseal completion fish | source; complete -C "pgseal ca ex"'
export	an authority's certificate, PEM

$ fish -c 'pgseal completion fish | source; complete -C "pgseal ca export "'
client	whose certificates it issues
server	whose certificates it issues

$ fish -c 'pgseal completion fish | source; complete -C "pgseal --config plan ap"'
apply	carry the plan out; safe to repeat, safe to interrupt

$ fish -c 'pgseal completion fish | source; complete -C "pgseal plan --ta"'
--take-over	as apply --take-over would

$ fish -c 'pgseal completion fish | source; complete -C "pgseal plan --color "'
always	auto: on a terminal, unless NO_COLOR is set
auto	auto: on a terminal, unless NO_COLOR is set
never	auto: on a terminal, unless NO_COLOR is set

$ pgseal completion fish | fish --no-execute

