//! Keeping books current, before and with everything else.

use super::*;

#[test]
fn a_newer_price_is_folded_in_before_anything_is_decided() {
    let mut view = at_price(195.0);
    view.books.get_mut(&book_at()).unwrap().publish_time = NOW - 30;
    post_price(&mut view, NOW - 1);
    let actions = planned(&view);
    assert_eq!(kinds(&actions), [Kind::Refresh]);
    assert_eq!(
        actions[0].task,
        Task::Refresh {
            oracles: vec![PRICE]
        }
    );

    // Once tried, decisions go on, and carry what came in since in front.
    let key = (Kind::Refresh, book_at());
    let mut memory = Memory::default();
    memory.attempted.insert(key);
    let actions = plan(&view, &policy(), &memory);
    assert_eq!(kinds(&actions), [Kind::Open]);
    assert_eq!(actions[0].front, [(book_at(), vec![PRICE])]);

    // A price that the chain refused must not take the liquidation with it.
    memory.refused.insert(key);
    let actions = plan(&view, &policy(), &memory);
    assert_eq!((actions.len(), actions[0].front.len()), (1, 0));
}

#[test]
fn prices_that_the_chain_would_refuse_are_not_sent() {
    // (held by the book, posted): not newer, too old, from the future.
    for (held, posted) in [(NOW, NOW), (NOW - 100, NOW - 61), (NOW, NOW + 121)] {
        let mut view = at_price(200.0);
        view.books.get_mut(&book_at()).unwrap().sources[0].publish_time = held;
        post_price(&mut view, posted);
        assert_eq!(planned(&view), [], "posted {} s ago", NOW - posted);
    }
}

#[test]
fn scenarios_are_rescaled_when_volatility_or_the_set_moved_on() {
    let mut view = at_price(200.0);
    view.books.get_mut(&book_at()).unwrap().target_variance = 122;
    assert_eq!(kinds(&planned(&view)), [Kind::RefreshScenarios]);
    let mut view = at_price(200.0);
    view.risk.scenario_generation = 2;
    let actions = planned(&view);
    assert_eq!(
        actions[0].task,
        Task::RefreshScenarios { scenario_set: SET }
    );
}

#[test]
fn a_silence_is_announced_once_it_is_long_enough_and_nothing_newer_is_there() {
    let mut view = at_price(200.0);
    let set =
        |view: &mut View, change: fn(&mut Book)| change(view.books.get_mut(&book_at()).unwrap());
    set(&mut view, |b| b.publish_time = NOW - 299);
    assert!(!kinds(&planned(&view)).contains(&Kind::AnnounceSilence));
    set(&mut view, |b| b.publish_time = NOW - 300);
    let actions = planned(&view);
    assert_eq!(actions[0].task, Task::AnnounceSilence);
    // With a newer print there is nothing to announce, and an announcement stands.
    set(&mut view, |b| b.silent_from = NOW + 60);
    assert!(!kinds(&planned(&view)).contains(&Kind::AnnounceSilence));
    set(&mut view, |b| b.silent_from = 0);
    post_price(&mut view, NOW - 1);
    assert_eq!(kinds(&planned(&view)), [Kind::Refresh]);
}
