//! `oh-socketio`
