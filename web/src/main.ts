import { mount } from 'svelte';
import App from './App.svelte';
import { router } from './lib/router.svelte';
import { session } from './lib/session.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';

// The key leaves the address bar before anything else reads the address.
void session.start();
router.start();

const target = document.getElementById('app');
if (!target) throw new Error('invariant: index.html has #app');
mount(App, { target });
