"""Honeypots as small as can be: one that lets its attacker run commands, and one that only waits."""

POT = r"""
use strict; use IO::Socket::IP; use IO::Socket::UNIX; use Socket;
$SIG{TERM} = $ENV{HONEYSENS_OPTIONS} =~ /"stubborn"/ ? "IGNORE" : sub { exit 0 }; $| = 1;
die "out of cheese\n" if $ENV{HONEYSENS_OPTIONS} =~ /"crash"/;
my $event = $ENV{HONEYSENS_OPTIONS} =~ /"event":"([^"]+)"/ ? $1 : "";
my %both = (LocalHost => "::", V6Only => 0, LocalPort => 2222, Listen => 50, ReuseAddr => 1);
my $server = IO::Socket::IP->new(%both) or die "listen: $!";
while (my $client = $server->accept) {
  my $who = $client->peerhost; my $me = $client->sockhost;
  (my $plain = $who) =~ s/^::ffff://;
  print $client "hello $plain from $ENV{HONEYSENS_SERVICE}\n";
  my $manager = IO::Socket::UNIX->new(Peer => "/run/honeysens/events.sock");
  if ($manager && $event) {
    my ($id, $time) = split /,/, $event;
    print $manager qq({"event":{"id":"$id","time":"$time","source":{"ip":"$who"},);
    print $manager qq("destination":{"ip":"$me","port":2222},);
    print $manager qq("protocol":"tcp","kind":"connection","severity":"low","session":"s","summary":"tcp"}}\n);
    $manager->flush; my $answer = <$manager>; print $client $answer;
  } else { print $client "no manager: $!\n"; }
  my $command = <$client>; chomp $command if defined $command;
  print $client `( $command ) 2>&1` if $command; close $client;
}
"""

SLEEPER = "$SIG{TERM} = sub { exit 0 }; sleep 1 while 1;"
WRITER = r"""
use strict; use IO::Socket::INET; use IO::Socket::UNIX; use POSIX qw(strftime);
$SIG{TERM} = sub { exit 0 }; $SIG{PIPE} = "IGNORE"; $| = 1;
my $server = IO::Socket::INET->new(LocalPort => 2222, Listen => 50, ReuseAddr => 1) or die "listen: $!";
my $endpoints = qq("source":{"ip":"192.0.2.7"},"destination":{"ip":"10.10.10.2","port":2222},"protocol":"tcp");
while (my $client = $server->accept) {
  my ($number, $end) = split / /, <$client>;
  my $manager;
  while ($number < $end) {
    $manager ||= IO::Socket::UNIX->new(Peer => "/run/honeysens/events.sock");
    if (!$manager) { select undef, undef, undef, 0.1; next }
    my $id = sprintf "018bcfe5-6800-7000-8000-%012x", $number;
    my $time = strftime "%Y-%m-%dT%H:%M:%SZ", gmtime;
    print $manager qq({"event":{"id":"$id","time":"$time",$endpoints,"kind":"connection","severity":"low",);
    print $manager qq("session":"s$number","summary":"number $number"}}\n);
    $manager->flush;
    my $answer = <$manager>;
    if (!defined $answer) { undef $manager; next }
    if ($answer !~ /"stored"/) { select undef, undef, undef, 0.1; next }
    last unless print $client "$number\n" and $client->flush;
    $number++;
  }
  close $client;
}
"""
"""Hands over the events of the numbers it is told, one after the other, and says which of them are acknowledged."""
