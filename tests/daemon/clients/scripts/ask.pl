#!/usr/bin/perl
# What Sys::Virt, libvirt's binding for Perl, gets of a host and a guest, a line each.
# Arguments: URI of the host, name of a guest that runs.
use strict;
use warnings;
use Sys::Virt;

my ($uri, $name) = @ARGV;
my $host = Sys::Virt->new(uri => $uri);
my $guest = $host->get_domain_by_name($name);
my $info = $guest->get_info();
my ($state, $reason) = $guest->get_state();

print "type=", $host->get_type(), "\n";
print "listed=", join(",", grep { $_ eq $name } map { $_->get_name() } $host->list_domains()), "\n";
print "all=", scalar(grep { $_->get_name() eq $name } $host->list_all_domains()), "\n";
print "uuid=", length($guest->get_uuid_string()), "\n";
print "same=", $host->get_domain_by_uuid($guest->get_uuid())->get_name(), "\n";
print "state=", ($state == $info->{state} ? "agrees" : "differs"), "\n";
print "memory=", ($info->{memory} > 0 ? "some" : "none"), "\n";
print "active=", $guest->is_active(), "\n";
print "xml=", ($guest->get_xml_description() =~ m{<name>\Q$name\E</name>} ? "named" : "nameless"), "\n";
my %stats = %{($host->get_all_domain_stats(Sys::Virt::Domain::STATS_STATE, [$guest]))[0]->{data}};
print "stats=", $stats{"state.state"} == $state ? "agrees" : "differs", "\n";
$guest->suspend();
print "suspended=", ($guest->get_state())[0] == Sys::Virt::Domain::STATE_PAUSED ? 1 : 0, "\n";
$guest->resume();
eval { $host->get_domain_by_name("no such guest") };
print "refused=", $@->code, "\n";
