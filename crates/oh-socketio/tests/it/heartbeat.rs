use oh_socketio::{Beat, CloseReason, Connection, Effect, Engine, Input, Received, Rules};

use crate::support::{config, connection, ms};

/// Runs inputs at times in milliseconds and compares the effects of each.
fn check(rules: Rules, steps: &[(u64, Input<'_>, &[Effect])]) -> Connection {
    let mut connection = connection(rules);
    for (at, input, expected) in steps {
        assert_eq!(connection.handle(ms(*at), *input), *expected, "{rules:?} at {at} ms");
    }
    connection
}

const TIMEOUT: &[Effect] = &[Effect::Close(CloseReason::PingTimeout)];
const PING: &[Effect] = &[Effect::SendPing];
const NOTHING: &[Effect] = &[];

#[test]
fn strict_pongs_keep_the_connection() {
    let connection = check(
        Rules::Strict,
        &[
            (0, Input::Tick, NOTHING),
            (299, Input::Tick, NOTHING),
            (300, Input::Tick, PING),
            (310, Input::Text("3"), NOTHING),
            (500, Input::Tick, NOTHING),
            (600, Input::Tick, PING),
            (799, Input::Text("3"), NOTHING),
            (900, Input::Tick, PING),
        ],
    );
    assert_eq!(connection.next_deadline(), Some(ms(1100)));
}

#[test]
fn strict_only_a_pong_answers_a_ping() {
    check(
        Rules::Strict,
        &[
            (300, Input::Tick, PING),
            (400, Input::TransportPong, NOTHING),
            (499, Input::Text("6"), NOTHING),
            (500, Input::Tick, TIMEOUT),
            (501, Input::Tick, NOTHING),
        ],
    );
}

#[test]
fn tolerant_any_frame_is_a_sign_of_life() {
    for input in [Input::Text("3"), Input::Text("2"), Input::Text("\n"), Input::TransportPong] {
        let connection = check(
            Rules::Tolerant,
            &[
                (299, input, NOTHING),
                (300, Input::Tick, PING),
                (600, Input::Tick, PING),
                (798, input, NOTHING),
                (799, Input::Tick, NOTHING),
                (900, Input::Tick, PING),
            ],
        );
        assert_eq!(connection.next_deadline(), Some(ms(1200)));
    }
}

#[test]
fn tolerant_silence_of_interval_and_timeout_closes() {
    check(
        Rules::Tolerant,
        &[(300, Input::Tick, PING), (499, Input::Tick, NOTHING), (500, Input::Tick, TIMEOUT)],
    );
    check(
        Rules::Tolerant,
        &[
            (200, Input::TransportPong, NOTHING),
            (300, Input::Tick, PING),
            (600, Input::Tick, PING),
            (699, Input::Tick, NOTHING),
            (700, Input::Tick, TIMEOUT),
        ],
    );
}

#[test]
fn pings_are_due_with_any_input() {
    check(Rules::Strict, &[(350, Input::Text("6"), PING), (649, Input::Text("3"), NOTHING)]);
    check(
        Rules::Tolerant,
        &[(
            350,
            Input::Binary(&[1]),
            &[
                Effect::Malformed(crate::support::malformed(
                    "/",
                    None,
                    oh_socketio::PacketError::AttachmentNotAnnounced,
                )),
                Effect::SendPing,
            ],
        )],
    );
}

#[test]
fn a_late_clock_pings_before_it_condemns() {
    for rules in [Rules::Strict, Rules::Tolerant] {
        check(
            rules,
            &[
                (60_000, Input::Tick, PING),
                (60_199, Input::Tick, NOTHING),
                (60_200, Input::Tick, TIMEOUT),
            ],
        );
    }
}

#[test]
fn the_engine_works_without_socket_io() {
    let mut engine = Engine::new(&config(Rules::Strict), ms(0));
    assert_eq!(engine.receive(ms(1), Input::Text("4hello")), Ok(Received::Text("hello")));
    assert_eq!(engine.receive(ms(1), Input::Text("4")), Ok(Received::Text("")));
    assert_eq!(engine.receive(ms(1), Input::Binary(&[1, 2])), Ok(Received::Binary(&[1, 2])));
    assert_eq!(engine.receive(ms(1), Input::Text("2probe")), Ok(Received::Reply("3probe")));
    assert_eq!(engine.next_deadline(), ms(300));
    assert_eq!(engine.beat(ms(300)), Ok(Beat::Ping));
    assert_eq!(engine.next_deadline(), ms(500));
    assert_eq!(engine.beat(ms(500)), Err(CloseReason::PingTimeout));
    assert_eq!(engine.receive(ms(501), Input::Text("1")), Err(CloseReason::PeerClosed));
}
