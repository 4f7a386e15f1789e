// Stories as stops of a timeline.
import type { OrderEvent, OrderState, StoryItem } from './api/types';
import { locale, t } from './i18n/index.svelte';
import { hashOf } from './router.svelte';
import { actorName, driverOf, eventName, eventTitle, plain, storyTitle } from './words.svelte';

const COLOR: Record<string, string> = {
  requested: 'var(--req-fresh)', offered: 'var(--s-offered)', declined: 'var(--s-break)', timed_out: 'var(--s-break)', withdrawn: 'var(--s-break)',
  accepted: 'var(--s-en-route)', assigned: 'var(--s-en-route)', arriving: 'var(--s-en-route)', reassigned: 'var(--s-en-route)', arrived: 'var(--s-arrived)',
  picked_up: 'var(--s-on-trip)', completed: 'var(--s-on-trip)', cancelled: 'var(--bad)', no_driver: 'var(--req-late)',
};

export interface StoryStop { key: string; title: string; at: string | null; note: string; color: string; href?: string }

export function stopsOfOrder(events: readonly OrderEvent[]): StoryStop[] {
  return events.map((event) => {
    const why = event.reason ? plain(event.reason) : '';
    const who = actorName(event.actor);
    return {
      key: `${eventName(event.kind)}#${event.version}`,
      title: eventTitle(event.kind, driverOf(event)),
      at: event.at,
      note: [who, why].filter(Boolean).join(' · '),
      color: COLOR[eventName(event.kind)] ?? 'var(--ink-2)',
    };
  });
}

export function stopsOfDriver(story: readonly StoryItem[]): StoryStop[] {
  return story.map((item, i) => ({
    key: `${eventName(item.kind)}#${item.at}#${item.order_id ?? ''}#${i}`,
    title: storyTitle(item.kind),
    at: item.at,
    note: [item.order_id ? `${t('order.id')} …${item.order_id.slice(-6)}` : '', locale.language === 'en' ? item.detail : ''].filter(Boolean).join(' · '),
    color: COLOR[eventName(item.kind)] ?? 'var(--ink-2)',
    ...(item.order_id ? { href: hashOf(['orders', item.order_id]) } : {}),
  }));
}

// The API's sentence on a story line is English; other languages have the title, which says the same in short.

/** What still lies ahead of a ride in this state. */
export function aheadOf(state: OrderState): string[] {
  const line = ['offered', 'accepted', 'arriving', 'arrived', 'picked_up', 'completed'] as const;
  const reached: Partial<Record<OrderState, number>> = { searching: 0, offered: 1, accepted: 2, arriving: 3, arrived: 4, on_trip: 5 };
  const from = reached[state];
  return from === undefined ? [] : line.slice(from).map((kind) => eventTitle(kind));
}
